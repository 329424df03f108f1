// What PackageService does: the steps of an installation, removal, and what is taken away.

#include <spdlog/spdlog.h>

#include <algorithm>
#include <format>

#include "protocol/document.hpp"
#include "protocol/words.hpp"
#include "vm/packages/digest.hpp"
#include "vm/services/package_service.hpp"

namespace celeriac::vm {

using protocol::Capability;
using protocol::Error;
using protocol::fail;
using protocol::Json;
using protocol::Result;
using protocol::Status;

namespace {

/// Note of the image: the package whose processes are still to be started.
constexpr std::string_view unfinished_note = "installing";

/// Note of the image: what was taken from the processes of a package.
std::string withheld_note(const std::string& package) {
  return "withheld:" + package;
}

std::unexpected<Error> coded(Status status, const char* code, std::string message) {
  return std::unexpected(Error{.status = status, .message = std::move(message), .code = code});
}

/// What makes two capabilities the same, whatever node they are of.
std::string withheld_key(const std::string& issuer, const std::string& params) {
  const auto at = issuer.find('@');
  return (at == std::string::npos ? issuer : issuer.substr(at + 1)) + ' ' + canonical(params);
}

DrivePath drive_at(const Metadata& metadata, std::string_view drive) {
  return {
      .package = metadata.package, .publisher = metadata.publisher, .drive = std::string(drive), .rest = {}};
}

/// The drives of its own that the processes of a package name.
std::vector<DrivePath> own_drives(const Package& package) {
  std::vector<DrivePath> made;
  for (const auto& process : package.manifest.processes)
    for (const auto& each : process.configuration.value("directories", Json::array()))
      if (auto path = DrivePath::parse(each.get<std::string>());
          path && path->package_id() == package.metadata.id() && path->drive != package_drive)
        made.push_back(std::move(*path));
  return made;
}

ProcessSpec spec_of(const ManifestProcess& process, const std::string& module) {
  return {.name = process.name,
          .path = process.path,
          .module = module,
          .abi = process.abi,
          .on_exit = process.on_exit,
          .is_public = process.is_public,
          .durable = process.abi.starts_with("othismo") || (process.abi.empty() && !process.path.empty()),
          .ahead_of_time = process.ahead_of_time,
          .configuration = process.configuration};
}

Result<std::vector<std::string>> modules_of(const Package& package) {
  std::vector<std::string> made;
  for (const auto& process : package.manifest.processes) {
    const auto file = package.files.find(process.module);
    if (file == package.files.end() || !is_module(file->second))
      return fail(Status::malformed, std::format("{}: pkg/{} is no WebAssembly module.", process.name.process,
                                                 protocol::shown(process.module)));
    made.push_back(sha256_hex(file->second));
  }
  return made;
}

}  // namespace

Capability PackageService::resolved(const ProcessName& issuer, const std::string& params) const {
  return {kernel_.address_of(issuer).text(), params};
}

// ---- reading, on the worker ----------------------------------------------------------------------

Result<PackageTrust> PackageService::trust_of(const std::string& key) const {
  if (!key.empty()) {
    const auto parsed = PublicKey::parse(key);
    if (!parsed) return std::unexpected(parsed.error());
    return PackageTrust{.keys = {*parsed}};
  }
  std::vector<std::string> trouble;
  PackageTrust trust{.keys = vm::trusted_keys(trusted_keys_, trouble)};
  for (const auto& each : trouble) spdlog::warn("{}", each);
  return trust;
}

Result<PackageService::PlanRef> PackageService::read(const InstallRequest& request) {
  auto trust = trust_of(request.key);
  if (!trust) return std::unexpected(std::move(trust.error()));
  trust->unsigned_too = request.unsigned_too;
  auto package = read_package(request.blob->bytes, *trust);
  if (!package) return std::unexpected(std::move(package.error()));
  if (package->manifest.hash != request.approved)
    return coded(Status::denied, "not_approved",
                 "The manifest of the package is not the one that was approved: look at what it wants, and "
                 "approve that.");
  auto modules = modules_of(*package);
  if (!modules) return std::unexpected(std::move(modules.error()));
  auto before = store_.find(package->metadata.id());
  if (!before) return std::unexpected(std::move(before.error()));
  auto plan = std::make_shared<Plan>();
  plan->package = std::move(*package);
  plan->modules = std::move(*modules);
  plan->before = std::move(*before);
  if (plan->before)
    if (auto manifest = read_manifest(plan->before->manifest, plan->package.metadata); manifest)
      plan->before_manifest = std::move(*manifest);
  recall_withheld(*plan);
  return plan;
}

/// Of an installed package what is needed to start its processes.
Result<PackageService::PlanRef> PackageService::read_stored(const std::string& id) {
  const auto stored = store_.find(id);
  if (!stored) return std::unexpected(stored.error());
  if (!*stored) return fail(Status::not_found, std::format("{} is not installed.", protocol::shown(id)));
  auto plan = std::make_shared<Plan>();
  auto metadata = read_metadata((*stored)->metadata);
  if (!metadata) return std::unexpected(std::move(metadata.error()));
  plan->package.metadata = std::move(*metadata);
  auto manifest = read_manifest((*stored)->manifest, plan->package.metadata);
  if (!manifest) return std::unexpected(std::move(manifest.error()));
  plan->package.manifest = std::move(*manifest);
  for (const auto& process : plan->package.manifest.processes) {
    const auto module = store_.module_at(id, process.module);
    if (!module) return std::unexpected(module.error());
    plan->modules.push_back(module->value_or(""));
  }
  plan->before = **stored;
  recall_withheld(*plan);
  return plan;
}

/// What a person has taken away is only given back with a manifest that a person has approved.
void PackageService::recall_withheld(Plan& plan) {
  if (!plan.before || plan.before->manifest_hash != plan.package.manifest.hash) return;
  const auto note = image_.note(withheld_note(plan.package.metadata.id()));
  const auto list = Json::parse(note.value_or(""), nullptr, false);
  if (!list.is_array()) return;
  for (const auto& each : list)
    if (each.is_array() && each.size() == 2 && each[0].is_string() && each[1].is_string())
      plan.withheld.emplace(each[0].get<std::string>(), each[1].get<std::string>());
}

Result<void> PackageService::store(const Plan& plan) {
  const Package& package = plan.package;
  const DrivePath drive = drive_at(package.metadata, package_drive);
  if (auto filled = drives_.fill(drive, {package.files.begin(), package.files.end()}); !filled) return filled;
  for (const auto& path : own_drives(package))
    if (auto made = drives_.make(path); !made) return made;
  if (auto put = store_.put(package, protocol::now_milliseconds()); !put) return put;
  if (plan.withheld.empty())
    if (auto cleared = image_.set_note(withheld_note(package.metadata.id()), ""); !cleared) return cleared;
  return image_.set_note(unfinished_note, package.metadata.id());
}

// ---- an installation -----------------------------------------------------------------------------

void PackageService::put(InstallRequest request, Done<Json> done) {
  if (busy_)
    return done(
        coded(Status::wrong_state, "busy", "Another package is being installed or removed: try again."));
  busy_ = true;
  worker_.run([this, request = std::move(request)] { return read(request); },
              [this, done = std::move(done)](Result<PlanRef> plan) mutable {
                if (plan) {
                  (*plan)->done = std::move(done);
                  if (auto good = check(**plan); !good)
                    return finish(*plan, std::unexpected(std::move(good.error())));
                  return replace(std::move(*plan));
                }
                busy_ = false;
                done(std::unexpected(std::move(plan.error())));
              });
}

/// Whether its objects find their paths free.
Result<void> PackageService::check(const Plan& plan) {
  for (const auto& process : plan.package.manifest.processes) {
    const KernelProcess* there = process.path.empty() ? nullptr : kernel_.find_path(process.path);
    if (there != nullptr && there->package() != plan.package.metadata.id())
      return coded(Status::wrong_state, "object_already_exists",
                   std::format("There is something at {} already, of {}.", process.path, there->package()));
  }
  return {};
}

void PackageService::replace(PlanRef plan) {
  worker_.run([this, plan] { return store(*plan); },
              [this, plan](Result<void> stored) {
                if (!stored) return finish(plan, std::unexpected(std::move(stored.error())));
                plan->carried = acquired(*plan);
                kill_all(plan->package.metadata.id(), &plan->package.manifest, [this, plan] { begin(plan); });
              });
}

/// What the processes hold that no manifest has given them: they keep it over an update.
PackageService::Rights PackageService::acquired(const Plan& plan) {
  Rights made;
  for (const auto& process : plan.package.manifest.processes) {
    const KernelProcess* running = kernel_.find(process.name);
    if (running == nullptr) continue;
    const auto given = [&](const Capability& capability) {
      if (!plan.before_manifest) return false;
      for (const auto& old : plan.before_manifest->processes)
        if (old.name == process.name)
          return std::ranges::any_of(old.wants, [&](const ManifestCapability& want) {
            const auto same = resolved(want.process, want.params);
            return same.issuer == capability.issuer && canonical(same.params) == canonical(capability.params);
          });
      return false;
    };
    for (auto& capability : running->capabilities.list())
      if (!given(capability)) made[process.name].push_back(std::move(capability));
  }
  return made;
}

/// Ends all processes of a package. What is issued by those that come again stays with its holders.
void PackageService::kill_all(const std::string& package, const Manifest* coming,
                              std::move_only_function<void()> done) {
  std::vector<std::pair<ProcessId, bool>> doomed;
  kernel_.each([&](KernelProcess& process) {
    if (process.spec.kind == ProcessKind::guest && process.package() == package)
      doomed.emplace_back(process.id,
                          coming != nullptr && std::ranges::contains(coming->processes, process.spec.name,
                                                                     &ManifestProcess::name));
  });
  if (doomed.empty()) return done();
  struct Doomed {
    std::size_t left;
    std::move_only_function<void()> done;
  };
  auto waiting = std::make_shared<Doomed>(doomed.size(), std::move(done));
  for (const auto& [id, comes_again] : doomed)
    kernel_.kill(
        id,
        [waiting](const Result<void>&) {
          if (--waiting->left == 0) waiting->done();
        },
        comes_again);
}

/// What the manifest before gave to others, and this one does not.
void PackageService::take_back(const Plan& plan) {
  if (!plan.before_manifest) return;
  for (const auto& giver : plan.before_manifest->processes)
    for (const auto& gift : giver.gives) {
      const auto same =
          std::ranges::find(plan.package.manifest.processes, giver.name, &ManifestProcess::name);
      if (same != plan.package.manifest.processes.end() && std::ranges::contains(same->gives, gift)) continue;
      if (KernelProcess* holder = kernel_.find(gift.process))
        kernel_.revoke(*holder, resolved(giver.name, gift.params));
    }
}

/// Two passes and a third: no process runs before all exist, and hold what they are to hold.
void PackageService::begin(const PlanRef& plan) {
  take_back(*plan);
  const auto& manifest = plan->package.manifest;
  for (std::size_t i = 0; i < manifest.processes.size(); ++i) {
    const auto& wanted = manifest.processes[i];
    const auto made = kernel_.initialise(spec_of(wanted, plan->modules[i]));
    if (!made)
      return kill_all(plan->package.metadata.id(), nullptr,
                      [this, plan, error = made.error()] { finish(plan, std::unexpected(error)); });
    for (const auto& capability : plan->carried[wanted.name]) kernel_.grant(**made, capability);
    for (const auto& want : wanted.wants) {
      const auto capability = resolved(want.process, want.params);
      if (!plan->withheld.contains({wanted.name.text(), withheld_key(capability.issuer, capability.params)}))
        kernel_.grant(**made, capability);
    }
  }
  for (const auto& giver : manifest.processes)
    for (const auto& gift : giver.gives)
      if (KernelProcess* holder = kernel_.find(gift.process)) {
        const auto capability = resolved(giver.name, gift.params);
        if (!plan->withheld.contains(
                {gift.process.text(), withheld_key(capability.issuer, capability.params)}))
          kernel_.grant(*holder, capability);
      }
  run(plan, 0, Json::array());
}

void PackageService::run(const PlanRef& plan, std::size_t next, Json processes) {
  const auto& manifest = plan->package.manifest;
  if (next == manifest.processes.size())
    return finish(plan, Json{{"package", plan->package.metadata.id()},
                             {"version", plan->package.metadata.version},
                             {"processes", std::move(processes)}});
  const ProcessName& name = manifest.processes[next].name;
  const KernelProcess* process = kernel_.find(name);
  const ProcessId id = process != nullptr ? process->id : no_process;
  Json entry{{"process", name.text()}, {"id", number(id)}};
  kernel_.run(id, [this, plan, next, entry = std::move(entry),
                   processes = std::move(processes)](Result<void> started) mutable {
    // The others run all the same: whoever installs them hears which one does not, and why.
    if (!started) entry["error"] = started.error().document();
    processes.push_back(std::move(entry));
    run(plan, next + 1, std::move(processes));
  });
}

void PackageService::finish(const PlanRef& plan, Result<Json> result) {
  busy_ = false;
  const std::string id = plan->package.metadata.id();
  if (result) {
    spdlog::info("{} {} is installed.", id, plan->package.metadata.version);
    worker_.run(
        [this] { return image_.set_note(unfinished_note, ""); },
        [plan, result = std::move(result)](const Result<void>&) mutable { plan->done(std::move(result)); });
  } else {
    spdlog::warn("{} is not installed: {}", id, result.error().message);
    plan->done(std::move(result));
  }
}

// ---- the VM's start ------------------------------------------------------------------------------

void PackageService::start(Done<void> done) {
  struct Start {
    PlanRef unfinished;
  };
  busy_ = true;
  worker_.run(
      [this]() -> Result<Start> {
        const auto installed = store_.list();
        if (!installed) return std::unexpected(installed.error());
        for (const auto& package : *installed) {
          // An image that was copied brings no drives.
          const auto metadata = read_metadata(package.metadata);
          if (!metadata) continue;
          const DrivePath drive = drive_at(*metadata, package_drive);
          if (const auto root = drives_.open(drive, {.read = true, .directory = true}); root) {
            drives_.close(*root);
            continue;
          }
          auto files = store_.contents(package.package);
          if (!files) return std::unexpected(std::move(files.error()));
          if (auto filled = drives_.fill(drive, *files); !filled)
            return std::unexpected(std::move(filled.error()));
        }
        const auto unfinished = image_.note(unfinished_note);
        if (!unfinished) return std::unexpected(unfinished.error());
        if (unfinished->empty()) return Start{};
        auto plan = read_stored(*unfinished);
        if (!plan) return Start{};  // it is gone again
        return Start{.unfinished = std::move(*plan)};
      },
      [this, done = std::move(done)](Result<Start> read) mutable {
        busy_ = false;
        if (!read) return done(std::unexpected(std::move(read.error())));
        if (!read->unfinished) return done({});
        busy_ = true;
        const PlanRef plan = read->unfinished;
        plan->done = [done = std::move(done)](Result<Json> finished) mutable {
          done(finished.transform([](const Json&) {}));
        };
        plan->carried = acquired(*plan);
        kill_all(plan->package.metadata.id(), &plan->package.manifest, [this, plan] { begin(plan); });
      });
}

// ---- removal, and what is taken away -------------------------------------------------------------

void PackageService::remove(const std::string& package, Done<void> done) {
  if (busy_)
    return done(
        coded(Status::wrong_state, "busy", "Another package is being installed or removed: try again."));
  busy_ = true;
  worker_.run(
      [this, package]() -> Result<Metadata> {
        const auto stored = store_.find(package);
        if (!stored) return std::unexpected(stored.error());
        if (!*stored)
          return fail(Status::not_found,
                      std::format("{} is not installed: `celeriac packages` shows what is.",
                                  protocol::shown(package)));
        auto metadata = read_metadata((*stored)->metadata);
        if (!metadata) return metadata;
        if (auto gone = store_.remove(package); !gone) return std::unexpected(std::move(gone.error()));
        if (auto cleared = image_.set_note(withheld_note(package), ""); !cleared)
          return std::unexpected(std::move(cleared.error()));
        return metadata;
      },
      [this, package, done = std::move(done)](Result<Metadata> metadata) mutable {
        if (!metadata) {
          busy_ = false;
          return done(std::unexpected(std::move(metadata.error())));
        }
        kill_all(
            package, nullptr,
            [this, package, metadata = std::move(*metadata), done = std::move(done)]() mutable {
              forget_rights(package);
              worker_.run(
                  [this, metadata] { return drives_.remove_package(metadata.package, metadata.publisher); },
                  [this, package, done = std::move(done)](Result<void> removed) mutable {
                    busy_ = false;
                    spdlog::info("{} is removed.", package);
                    done(std::move(removed));
                  });
            });
      });
}

/// Nobody holds what a package has issued, or a right to its drives, once it is gone.
void PackageService::forget_rights(const std::string& package) {
  const std::string issued = ':' + package;
  const std::string drives = '/' + package + '/';
  kernel_.each([&](KernelProcess& holder) {
    for (const auto& capability : holder.capabilities.list()) {
      const auto params = Json::parse(capability.params, nullptr, false);
      const bool drive = params.is_object() && params.contains("drive") && params["drive"].is_string() &&
                         params["drive"].get_ref<const std::string&>().starts_with(drives);
      if (capability.issuer.ends_with(issued) ||
          (drive && capability.issuer == kernel_.address_of(system_name("vfs")).text()))
        kernel_.revoke(holder, capability);
    }
  });
}

Result<void> PackageService::give(const std::string& process, const Capability& capability) {
  const auto name = parse_process_name(process);
  KernelProcess* holder = process.starts_with('/') ? kernel_.find_path(process)
                          : name                   ? kernel_.find(*name)
                                                   : nullptr;
  if (holder == nullptr || holder->spec.kind != ProcessKind::guest)
    return fail(Status::not_found, std::format("There is no process {}.", protocol::shown(process, 200)));
  const auto issuer = parse_address(capability.issuer);
  if (!issuer) return std::unexpected(issuer.error());
  const Capability given{kernel_.resolve_node(*issuer).text(), capability.params};
  if (!kernel_.grant(*holder, given))
    return fail(Status::wrong_state,
                std::format("{} holds it already, or can hold no more.", protocol::shown(process, 200)));
  worker_.run(
      [this, process_name = holder->spec.name, given] { return note_withheld(process_name, given, false); },
      [](const Result<void>& noted) {
        if (!noted) spdlog::error("{}", noted.error().message);
      });
  spdlog::info("{}", consent_.sentence("Given: " + holder->spec.name.process, holder->spec.name,
                                       issuer->process, given.params));
  return {};
}

void PackageService::revoke(const std::string& process, const Capability& capability, Done<void> done) {
  const auto name = parse_process_name(process);
  if (!name) return done(std::unexpected(name.error()));
  KernelProcess* holder = kernel_.find(*name);
  if (holder == nullptr)
    return done(
        fail(Status::not_found, std::format("There is no process {}.", protocol::shown(process, 200))));
  Capability taken = capability;
  if (const auto issuer = parse_address(capability.issuer); issuer)
    taken.issuer = kernel_.resolve_node(*issuer).text();
  if (!kernel_.revoke(*holder, taken))
    return done(fail(Status::not_found,
                     std::format("{} holds no such capability: `celeriac grants` shows what it holds.",
                                 protocol::shown(process, 200))));
  if (revoked_) revoked_(*name, taken);
  spdlog::info("{}", consent_.sentence("Taken away: " + name->process, *name,
                                       parse_address(taken.issuer)
                                           .transform([](const Address& a) { return a.process; })
                                           .value_or(ProcessName{}),
                                       taken.params));
  // Written down, so that an update that nobody is asked about does not give it back.
  worker_.run([this, process_name = *name, taken] { return note_withheld(process_name, taken, true); },
              std::move(done));
}

/// Notes that a person has taken something away, or has given it back.
Result<void> PackageService::note_withheld(const ProcessName& process, const Capability& capability,
                                           bool withheld) {
  const std::string name = withheld_note(process.package_id());
  const auto note = image_.note(name);
  if (!note) return std::unexpected(note.error());
  auto list = Json::parse(*note, nullptr, false);
  if (!list.is_array()) list = Json::array();
  const Json entry = Json::array({process.text(), withheld_key(capability.issuer, capability.params)});
  const auto place = std::ranges::find(list, entry);
  if ((place != list.end()) == withheld) return {};
  if (withheld)
    list.push_back(entry);
  else
    list.erase(place);
  return image_.set_note(name, list.dump());
}

}  // namespace celeriac::vm
