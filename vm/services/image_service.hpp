#pragma once
// IMAGE.*: the namespace and the file that it lives in.

#include "protocol/dispatcher.hpp"
#include "vm/guests/guest_host.hpp"
#include "vm/image/image.hpp"
#include "vm/objects/image_objects.hpp"

namespace celeriac::vm {

void serve_image(protocol::Dispatcher& dispatcher, GuestHost& host, Image& image, ImageObjects& objects);

}  // namespace celeriac::vm
