// photo: takes one, and says where it is or copies it.

#include <CLI/App.hpp>
#include <filesystem>
#include <format>
#include <memory>

#include "console/commands/declarations.hpp"
#include "console/process_status.hpp"
#include "console/text.hpp"

namespace celeriac::console {
namespace asio = boost::asio;
using namespace protocol::literals;
using protocol::Status;

namespace {

namespace fs = std::filesystem;

asio::awaitable<Exit> take_photo(Context& context, fs::path copy) {
  if (context.remote() && !copy.empty())
    co_return context.failed(
        {.status = Status::malformed,
         .message = "A photo can be copied only on the machine of the host: leave the file away, or drop "
                    "--connect."});
  const auto client = co_await context.connect();
  if (!client) co_return context.failed(client.error());
  auto photo = co_await (*client)->ask("SYS.TAKE_PHOTO"_op);
  if (!photo) co_return context.failed(photo.error());
  const fs::path kept = text_of(*photo, "path");
  if (!copy.empty()) {
    std::error_code error;
    fs::copy_file(kept, copy, fs::copy_options::overwrite_existing, error);
    if (error)
      co_return context.failed({.status = Status::failed,
                                .message = std::format("The photo is {}, but cannot be copied to {}: {}.",
                                                       kept.string(), copy.string(), error.message())});
    (*photo)["copy"] = copy.string();
  }
  co_return context.done(*photo, printable((copy.empty() ? kept : copy).string()));
}

}  // namespace

Action declare_photo(CLI::App& app) {
  auto copy = std::make_shared<std::string>();
  app.add_option("file,-o,--out", *copy, "Copy it here; else the path of the host's own file is printed")
      ->type_name("FILE");
  return [copy](Context& context) { return take_photo(context, *copy); };
}

}  // namespace celeriac::console
