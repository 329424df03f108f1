#pragma once
// A host that takes blobs, for commands that bring bytes.

#include <map>

#include "tests/console/fake_host.hpp"

namespace celeriac::console::test {

/// Makes each stream process 61440 and keeps what is written.
struct BlobHost {
  static constexpr std::uint16_t process = 61'440;
  TemporaryDirectory directory;
  CommandLine celeriac{directory};
  FakeVm vm{celeriac.io, directory};
  std::map<std::uint16_t, std::string> blobs;
  std::size_t writes = 0;
  std::vector<std::pair<std::string, protocol::Json>> asked;  ///< operations and their fields, id among them

  BlobHost() {
    using namespace protocol::literals;
    vm.dispatcher.on("MESSAGE.OPEN"_op,
                     [](protocol::Request&, protocol::Responder responder) { responder.ok(process); });
    vm.dispatcher.on("BLOB.WRITE"_op, [this](protocol::Request& request, protocol::Responder responder) {
      const auto& data = request.arguments.value("data").get_binary();
      auto blob = static_cast<std::uint16_t>(request.arguments.integer("blob"));
      if (blob == 0) blob = static_cast<std::uint16_t>(blobs.size() + 1);
      blobs[blob].append(data.begin(), data.end());
      ++writes;
      responder.ok(blob);
    });
  }

  /// Answers an operation with a document, or with a number alone; notes what was asked.
  void serve(const protocol::Operation& operation, protocol::Json answer) {
    vm.dispatcher.on(operation, [this, answer](protocol::Request& request, protocol::Responder responder) {
      protocol::Json fields = request.arguments.fields();
      if (request.arguments.id() != 0) fields["id"] = request.arguments.id();
      asked.emplace_back(request.operation.long_name, std::move(fields));
      if (answer.is_object())
        responder.document(answer);
      else
        responder.ok(answer.get<std::uint16_t>());
    });
  }
};

}  // namespace celeriac::console::test
