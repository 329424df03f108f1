#pragma once
// Photos of the hypervisor as assets: whoever has taken one, an `image` follows, as the web API has them,
// with the place in `meta`. They stay here: pictures are no JSON, and the account is not sent any.

#include "vm/assets/assets.hpp"
#include "vm/remote_registers.hpp"

namespace celeriac::vm {

/// Images of our own that are kept, as many as the hypervisor keeps photos if nobody asks for more; the
/// oldest goes when one more comes. Those of the account are not touched.
inline constexpr std::size_t max_photo_images = 1'000;

class Photos {
 public:
  /// Both references must outlive it.
  Photos(Assets& assets, RemoteRegisters& remote);
};

/// Keeps the image of a photo within the bound; what is no photo is not.
void keep_photo(Assets& assets, const protocol::Json& photo);

/// `{attachment_url, created_at, attachment_processed_at, meta: {name, x, y, z}}` of a photo as TAKE_PHOTO
/// answers it; axes that are not known are left away. Null for what is no photo.
protocol::Json image_of(const protocol::Json& photo);

}  // namespace celeriac::vm
