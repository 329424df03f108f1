#pragma once
// A kernel without workers, an image and drives in a directory, and the services between them.

#include <boost/asio/io_context.hpp>
#include <chrono>

#include "protocol/package_file.hpp"
#include "tests/vm/packages/packages.hpp"
#include "vm/services/package_service.hpp"

namespace celeriac::vm::testing {

/// Everything that a VM has of packages; restart() ends it and begins again with what is on disk.
class ServiceBench {
 public:
  /// What the kernel is asked to do, and what a test looks at when a process is started.
  class World final : public KernelWorld {
   public:
    void start(const KernelProcess& process, Done done) override {
      started.push_back(process.spec.name.text());
      if (on_start) on_start(process);
      if (process.spec.name.process == refuses)
        done(protocol::fail(protocol::Status::invalid_code, "It imports what nobody offers."));
      else
        done({});
    }
    void stop(const KernelProcess& process, Done done) override {
      stopped.push_back(process.spec.name.text());
      done({});
    }
    void keep(const KernelProcess&, Done done) override { done({}); }
    void forget(const KernelProcess&) override {}
    void keep_message(MessageRef, Done done) override { done({}); }
    void forget_message(std::uint64_t) override {}
    void commit(const KernelProcess&, Commit, Done done) override { done({}); }
    void forward(MessageRef, Done done) override { done({}); }
    void print(const KernelProcess*, int, std::string_view) override {}
    void changed(const KernelProcess& process) override {
      if (on_changed) on_changed(process);
    }
    void topic(std::string_view, bool) override {}
    [[nodiscard]] Time now() const override { return time; }
    void set_alarm(Time) override {}
    std::uint64_t random() override { return ++last_random; }

    std::vector<std::string> started, stopped;
    std::string refuses;
    std::function<void(const KernelProcess&)> on_start, on_changed;
    Time time{std::chrono::seconds(1)};
    std::uint64_t last_random = 0;
  };

  ServiceBench() { restart(); }
  ~ServiceBench() {
    settle();
    end();
  }
  ServiceBench(const ServiceBench&) = delete;
  ServiceBench& operator=(const ServiceBench&) = delete;

  void restart() {
    if (worker) settle();
    power_cut();
  }
  void begin() {
    world.emplace();
    io.emplace();
    image = Image::open(directory / "image.sqlite").value();
    worker.emplace(*io);
    kernel.emplace(*world, KernelOptions{.node = "n.os"});
    drives.emplace(directory / "drives");
    files.emplace(*worker, *kernel, *drives);
    packages.emplace(*worker, *kernel, *image, *drives, directory / "trusted-keys",
                     [](std::int64_t pin) { return pin == 8 ? "water valve" : ""; });
    packages->on_revoked([this](const ProcessName& process, const protocol::Capability& capability) {
      files->revoked(process, capability);
    });
    world->on_changed = [this](const KernelProcess& process) {
      if (process.state == KernelState::gone) files->ended(process);
    };
  }

  /// Begins again with what is on disk; what the loop has not come to yet is lost.
  void power_cut() {
    end();
    begin();
  }

  /// Calls `start(done)` and runs the loop until done is called.
  template <class T, class Start>
  protocol::Result<T> wait(Start start) {
    std::optional<protocol::Result<T>> result;
    start([&](protocol::Result<T> given) { result = std::move(given); });
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!result && std::chrono::steady_clock::now() < deadline) {
      io->restart();
      io->run_one_for(std::chrono::milliseconds(100));
    }
    REQUIRE(result);
    return std::move(*result);
  }
  /// Lets everything that the worker has been given so far happen.
  void settle() {
    worker->drain();
    io->restart();
    io->poll();
  }

  static std::shared_ptr<const Blob> blob(std::string bytes) {
    return std::make_shared<const Blob>(std::move(bytes));
  }
  protocol::Result<nlohmann::json> inspect(const std::string& bytes, const std::string& key = "") {
    return wait<nlohmann::json>([&](auto done) { packages->inspect(blob(bytes), key, std::move(done)); });
  }
  protocol::Result<nlohmann::json> put(const std::string& bytes, const std::string& approved,
                                       const std::string& key = "", bool unsigned_too = true) {
    return wait<nlohmann::json>([&](auto done) {
      packages->put({.blob = blob(bytes), .approved = approved, .key = key, .unsigned_too = unsigned_too},
                    std::move(done));
    });
  }
  /// Looks at it, approves it, and installs it.
  protocol::Result<nlohmann::json> install(const std::string& bytes) {
    const auto seen = inspect(bytes);
    REQUIRE(seen);
    return put(bytes, (*seen)["hash"]);
  }
  protocol::Result<void> remove(const std::string& package) {
    return wait<void>([&](auto done) { packages->remove(package, std::move(done)); });
  }
  nlohmann::json list() {
    return wait<nlohmann::json>([&](auto done) { packages->list(std::move(done)); }).value()["packages"];
  }
  protocol::Result<void> revoke(const std::string& process, const protocol::Capability& capability) {
    return wait<void>([&](auto done) { packages->revoke(process, capability, std::move(done)); });
  }
  KernelProcess& process(std::string_view name) {
    KernelProcess* found = kernel->find(parse_process_name(name).value());
    REQUIRE(found != nullptr);
    return *found;
  }
  [[nodiscard]] bool holds(std::string_view name, std::string_view issuer, const nlohmann::json& params) {
    return process(name).capabilities.holds("n.os@" + std::string(issuer), params.dump());
  }

  Directory directory;
  std::optional<boost::asio::io_context> io;
  std::unique_ptr<Image> image;
  std::optional<World> world;
  std::optional<Worker> worker;
  std::optional<Kernel> kernel;
  std::optional<Drives> drives;
  std::optional<FileService> files;
  std::optional<PackageService> packages;

 private:
  void end() {
    worker.reset();
    packages.reset();
    files.reset();
    drives.reset();
    kernel.reset();
    io.reset();
    world.reset();
    image.reset();
  }
};

}  // namespace celeriac::vm::testing
