#pragma once
// The namespace: modules and instances by their paths. IMAGE.* for clients, othismo.namespace.* for
// processes, one set of functions.
//
//   import     a module goes to a path                    command line only
//   instantiate  an object (a durable process) of a module, at a path
//   remove     an object, or a module that no object stands for (object_not_free otherwise)
//
// Directories are there because something is below them, or because make_path said so; those live as long as
// the VM.

#include <set>
#include <string>
#include <vector>

#include "vm/guests/guest_host.hpp"
#include "vm/kernel/kernel.hpp"
#include "vm/objects/spoken.hpp"

namespace celeriac::vm {

/// Bytes of a module that is imported.
inline constexpr std::size_t max_module_import = std::size_t{32} << 20;
/// Directories that make_path has made.
inline constexpr std::size_t max_directories = 4096;

class ImageObjects final : public NativeObject {
 public:
  using Done = std::move_only_function<void(protocol::Result<protocol::Json>)>;

  explicit ImageObjects(GuestHost& host);
  void receive(NativeCall call) override;

  void import(std::string path, std::string bytes, Done done);
  /// The answer is {process}.
  void instantiate(std::string module, std::string path, std::string abi, Done done);
  void remove(std::string path, Done done);
  /// {objects: [{path, kind, bytes, module, process}]}, by path.
  void list(std::string prefix, Done done);
  void make_path(std::string path, Done done);

 private:
  [[nodiscard]] bool is_object(std::string_view path) const;
  void asked(const Message& message, const Spoken& spoken, Done done);

  GuestHost& host_;
  Kernel& kernel_;
  std::set<std::string, std::less<>> directories_;
  std::set<std::string, std::less<>> modules_;  // paths of modules, as far as they are known
};

/// "/othismo/modules/foo/fizzbuzz" of "foo/fizzbuzz.wasm".
std::string module_path(std::string_view file);

}  // namespace celeriac::vm
