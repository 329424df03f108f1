#pragma once
// PACKAGE.* and GRANT.*: packages come, are brought up to date, and go; who may what is told, and taken away.
//
//   INSTALL ─ read: proven, unpacked, understood   (worker)
//           ─ approved? paths free?                (loop; until here nothing has changed)
//           ─ files and image                      (worker)
//           ─ the old processes end                (what they have issued stays with its holders)
//           ─ 1. all are initialised and get what they want   2. they give   3. they run
//
// One at a time. What was taken away by a person stays so over updates with the same manifest, which nobody
// is asked about; what a process has acquired by itself stays over all updates; so does its state. A VM that
// ends between the image and the last step takes the step when it starts again.

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "protocol/dispatcher.hpp"
#include "vm/files/drives.hpp"
#include "vm/image/image.hpp"
#include "vm/kernel/kernel.hpp"
#include "vm/packages/consent.hpp"
#include "vm/packages/package_store.hpp"
#include "vm/services/file_service.hpp"
#include "vm/worker.hpp"

namespace celeriac::vm {

struct InstallRequest {
  std::shared_ptr<const Blob> blob;
  std::string approved;  ///< hash of the manifest
  std::string key;       ///< public key that must have signed it, "" for the trusted ones
  bool unsigned_too = false;
};

class PackageService {
 public:
  template <class T>
  using Done = std::move_only_function<void(protocol::Result<T>)>;

  /// `image` and `drives` are used on the worker only. `trusted_keys`: directory of the files *.pub.
  PackageService(Worker& worker, Kernel& kernel, Image& image, Drives& drives,
                 std::filesystem::path trusted_keys, PinLabel pin_label = nullptr);
  PackageService(const PackageService&) = delete;
  PackageService& operator=(const PackageService&) = delete;

  void install(protocol::Dispatcher& dispatcher, const ProcessOf& process_of);
  /// Called for each capability that a person takes away.
  void on_revoked(std::function<void(const ProcessName&, const protocol::Capability&)> revoked) {
    revoked_ = std::move(revoked);
  }
  /// Puts drives back that are missing beside the image, and ends an installation that the VM's own end has
  /// cut short. After the kernel has its processes back, before they run.
  void start(Done<void> done);

  /// A person gives a right to a process. Status::not_found, wrong_state if it holds it already.
  protocol::Result<void> give(const std::string& process, const protocol::Capability& capability);
  /// As PACKAGE.INSPECT answers.
  void inspect(std::shared_ptr<const Blob> blob, const std::string& key, Done<protocol::Json> done);
  /// As PACKAGE.INSTALL answers. Codes: not_approved, unsigned, unknown_key, bad_signature, busy.
  void put(InstallRequest request, Done<protocol::Json> done);
  void remove(const std::string& package, Done<void> done);
  void list(Done<protocol::Json> done);
  /// As GRANT.LIST answers; of all packages if it is "".
  [[nodiscard]] protocol::Json grants(const std::string& package) const;
  /// not_found: there is no such process, or it does not hold it.
  void revoke(const std::string& process, const protocol::Capability& capability, Done<void> done);

 private:
  /// What is kept of a process beside what its manifest says.
  using Rights = std::map<ProcessName, std::vector<protocol::Capability>>;
  /// An installation on its way; the loop's once the worker has made it.
  struct Plan {
    Package package;
    std::vector<std::string> modules;     ///< sha256, by process
    std::optional<StoredPackage> before;  ///< what is replaced
    std::optional<Manifest> before_manifest;
    std::set<std::pair<std::string, std::string>> withheld =
        {};  ///< process, and capability as withheld_key() has it
    Rights carried = {};
    Done<protocol::Json> done;
  };
  using PlanRef = std::shared_ptr<Plan>;

  [[nodiscard]] protocol::Result<PackageTrust> trust_of(const std::string& key) const;
  protocol::Result<PlanRef> read(const InstallRequest& request);
  protocol::Result<PlanRef> read_stored(const std::string& package);
  void recall_withheld(Plan& plan);
  protocol::Result<void> note_withheld(const ProcessName& process, const protocol::Capability& capability,
                                       bool withheld);
  protocol::Result<void> store(const Plan& plan);
  [[nodiscard]] protocol::Result<void> check(const Plan& plan);
  void replace(PlanRef plan);
  void begin(const PlanRef& plan);
  void run(const PlanRef& plan, std::size_t next, protocol::Json processes);
  void finish(const PlanRef& plan, protocol::Result<protocol::Json> result);
  void kill_all(const std::string& package, const Manifest* coming, std::move_only_function<void()> done);
  void take_back(const Plan& plan);
  void forget_rights(const std::string& package);
  [[nodiscard]] Rights acquired(const Plan& plan);
  [[nodiscard]] protocol::Capability resolved(const ProcessName& issuer, const std::string& params) const;
  [[nodiscard]] protocol::Json processes_of(const std::string& package) const;

  Worker& worker_;
  Kernel& kernel_;
  Image& image_;
  PackageStore store_;
  Drives& drives_;
  std::filesystem::path trusted_keys_;
  Consent consent_;
  std::function<void(const ProcessName&, const protocol::Capability&)> revoked_;
  bool busy_ = false;
};

}  // namespace celeriac::vm
