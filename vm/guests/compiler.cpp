#include "vm/guests/compiler.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <format>
#include <functional>
#include <span>
#include <utility>

#include "protocol/document.hpp"
#include "wasm/guest_compiler.hpp"

namespace celeriac::vm::guests {
namespace fs = std::filesystem;
using protocol::Result;
using protocol::Status;

namespace {

/// guest/worker.hpp's refused_module_status; this folder does not include it.
constexpr int refused_module_status = 3;
/// What a compiler leaves behind that did not come to its end.
constexpr std::string_view unfinished_extension = ".new";

std::vector<std::string> words_of(const wasm::GuestLimits& limits) {
  return {"--pages", std::to_string(limits.memory_pages), "--table", std::to_string(limits.table_elements),
          "--depth", std::to_string(limits.depth),        "--fuel",  std::to_string(limits.fuel_slice)};
}

std::string key_of(const std::string& module, const wasm::GuestLimits& limits) {
  std::string key = module;
  for (const auto& word : words_of(limits)) key += ' ' + word;
  return key;
}

std::unexpected<protocol::Error> cannot(std::string_view what) {
  return protocol::fail(Status::out_of_resources,
                        std::format("A module cannot be compiled: {}: {}.", what, std::strerror(errno)));
}

// ---- on the worker's thread ----------------------------------------------------------------------

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Whether the compiled file is there; then it is now the one used last.
Result<bool> look_for(const GuestCompiler::Read& read, const std::string& module,
                      const wasm::GuestLimits& limits, const fs::path& directory) {
  const auto bytes = read(module);
  if (!bytes) return std::unexpected(bytes.error());
  std::error_code error;
  fs::create_directories(directory, error);
  // Workers read in it as a user of their own where the VM is root. It must not be anybody else's to write.
  if (!error)
    fs::permissions(directory,
                    fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
                        fs::perms::others_read | fs::perms::others_exec,
                    error);
  if (error)
    return protocol::fail(Status::failed, std::format("The directory for compiled code, {}: {}.",
                                                      directory.string(), error.message()));
  const fs::path file = directory / wasm::compiled_name(bytes_of(*bytes), limits);
  if (!fs::is_regular_file(file, error)) return false;
  fs::last_write_time(file, fs::file_time_type::clock::now(), error);
  return true;
}

/// The module as a file without a name, for the compiler's standard input.
Result<Descriptor> module_file(const GuestCompiler::Read& read, const std::string& module) {
  const auto bytes = read(module);
  if (!bytes) return std::unexpected(bytes.error());
  Descriptor file;
  if (!file.take(::memfd_create("module", MFD_CLOEXEC))) return cannot("a file in memory");
  for (std::string_view rest = *bytes; !rest.empty();) {
    const auto written = ::write(file.number(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return cannot("a file in memory");
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  ::lseek(file.number(), 0, SEEK_SET);
  return file;
}

/// Removes what no compiler has finished, and files used longest ago while all are too long; the one used
/// last stays. No compiler runs.
bool tidy(const fs::path& directory, std::uint64_t most) {
  struct File {
    fs::file_time_type used;
    std::uint64_t bytes;
    fs::path path;
  };
  std::vector<File> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (entry.path().extension() == unfinished_extension)
      fs::remove(entry.path(), error);
    else if (entry.is_regular_file(error))
      files.push_back({entry.last_write_time(error), entry.file_size(error), entry.path()});
  }
  std::ranges::sort(files, std::greater(), &File::used);
  std::uint64_t sum = 0;
  for (const File& file : files) {
    sum += file.bytes;
    if (sum > most && sum != file.bytes) fs::remove(file.path, error);
  }
  return true;
}

}  // namespace

// ---- who needs what ------------------------------------------------------------------------------

GuestCompiler::GuestCompiler(boost::asio::io_context& io, Worker& disk, const ControlGroups& groups,
                             Read read, CompilerOptions options)
    : io_(io), disk_(disk), groups_(groups), read_(std::move(read)), options_(std::move(options)) {
  options_.directory = fs::absolute(options_.directory);
}

GuestCompiler::~GuestCompiler() {
  *alive_ = false;
  if (!running_) return;
  ::kill(running_->pid, SIGKILL);  // it has not been reaped, so the number is its own
  ::waitpid(running_->pid, nullptr, 0);
}

void GuestCompiler::need(const std::string& module, const wasm::GuestLimits& limits, Done done) {
  if (waiters_ >= max_compiler_waiters)
    return boost::asio::post(io_, [done = std::move(done)]() mutable {
      done(protocol::fail(Status::overloaded, "Too many processes wait for their code to be compiled."));
    });
  const std::string key = key_of(module, limits);
  if (const auto failed = std::ranges::find(failures_, key, &std::pair<std::string, protocol::Error>::first);
      failed != failures_.end())
    return boost::asio::post(io_, [error = failed->second, done = std::move(done)]() mutable {
      done(std::unexpected(std::move(error)));
    });
  ++waiters_;
  const auto [job, is_new] = jobs_.try_emplace(key, Job{module, limits, {}});
  job->second.waiting.push_back(std::move(done));
  if (is_new) look(key);
}

void GuestCompiler::look(const std::string& key) {
  const Job& job = jobs_.at(key);
  disk_.run([read = read_, module = job.module, limits = job.limits,
             directory = options_.directory] { return look_for(read, module, limits, directory); },
            [this, key, alive = alive_](const Result<bool>& there) {
              if (!*alive) return;
              if (!there) return settle(key, std::unexpected(there.error()));
              if (*there) return settle(key, {});
              line_.push_back(key);
              next();
            });
}

void GuestCompiler::remember(const std::string& key, const protocol::Error& error) {
  failures_.emplace_front(key, error);
  if (failures_.size() > max_remembered_failures) failures_.pop_back();
}

void GuestCompiler::settle(const std::string& key, const Result<void>& result) {
  auto job = jobs_.extract(key);
  waiters_ -= job.mapped().waiting.size();
  for (Done& done : job.mapped().waiting) done(result);
}

void GuestCompiler::next() {
  if (busy_ || line_.empty()) return;
  busy_ = true;
  std::string key = std::move(line_.front());
  line_.pop_front();
  disk_.run([read = read_, module = jobs_.at(key).module] { return module_file(read, module); },
            [this, key, alive = alive_](const Result<Descriptor>& module) {
              if (!*alive) return;
              auto launched = module ? launch(key, *module) : std::unexpected(module.error());
              if (launched) return;
              busy_ = false;
              settle(key, launched);
              next();
            });
}

// ---- the process ---------------------------------------------------------------------------------

Result<void> GuestCompiler::launch(const std::string& key, const Descriptor& module) {
  int pipe[2];
  Descriptor reading, writing, null;
  if (::pipe2(pipe, O_CLOEXEC) != 0) return cannot("a pipe");
  if (!reading.take(pipe[0]) | !writing.take(pipe[1])) return cannot("a pipe");
  if (!null.take(::open("/dev/null", O_RDWR | O_CLOEXEC))) return cannot("/dev/null");

  auto made = std::make_unique<Compilation>(io_);
  made->group = groups_.make(std::format("compiler-{}", compilations_),
                             {.memory = compiler_bytes, .processes = 1, .cpu_weight = compiler_cpu_weight});
  std::vector<std::string> words{options_.program.string(), "--compile", options_.directory.string()};
  for (auto& word : words_of(jobs_.at(key).limits)) words.push_back(std::move(word));
  const int descriptors[] = {module.number(), null.number(), writing.number()};
  const auto pid = start_child(std::move(words), descriptors, made->group);
  if (!pid) {
    errno = pid.error();
    return cannot(options_.program.string());
  }
  ++compilations_;
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(*pid), compiler_niceness);
  made->key = key;
  made->pid = *pid;
  made->begun = std::chrono::steady_clock::now();
  made->process.assign(static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0)));
  made->errors.assign(reading.release());
  made->errors.native_non_blocking(true);
  made->timer.expires_after(options_.patience);
  made->timer.async_wait([this, pid = *pid, alive = alive_](const boost::system::error_code& error) {
    if (error || !*alive || !runs(pid)) return;
    running_->too_long = true;
    ::kill(running_->pid, SIGKILL);
  });
  running_ = std::move(made);
  read_words();
  await_end();
  return {};
}

/// Keeps the end of what the compiler says; false at the end of the stream.
bool GuestCompiler::drain() {
  constexpr int most_reads = 16;  // of 1 KiB: a compiler that floods does not keep the loop
  char buffer[1024];
  std::string& words = running_->words;
  for (int i = 0; i < most_reads; ++i) {
    const auto got = ::read(running_->errors.native_handle(), buffer, sizeof buffer);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    words.append(buffer, static_cast<std::size_t>(got));
    if (words.size() > max_compiler_words) words.erase(0, words.size() - max_compiler_words);
  }
  return true;
}

void GuestCompiler::read_words() {
  running_->errors.async_wait(
      boost::asio::posix::descriptor_base::wait_read,
      [this, pid = running_->pid, alive = alive_](const boost::system::error_code& error) {
        if (!error && *alive && runs(pid) && drain()) read_words();
      });
}

void GuestCompiler::await_end() {
  running_->process.async_wait(boost::asio::posix::descriptor_base::wait_read,
                               [this, alive = alive_](const boost::system::error_code& error) {
                                 if (!error && *alive) reap();
                               });
}

Result<void> GuestCompiler::outcome(int status) const {
  const Compilation& ended = *running_;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  if (ended.too_long)
    return protocol::fail(
        Status::timeout,
        std::format("The module cannot be compiled ahead of time: that takes longer than {} s. Without "
                    "\"ahead_of_time\" in its manifest it is interpreted.",
                    std::chrono::duration_cast<std::chrono::seconds>(options_.patience).count()));
  if (WIFEXITED(status) && !ended.words.empty()) {
    // "error: …", as the program's last line
    std::string_view line = ended.words;
    while (line.ends_with('\n')) line.remove_suffix(1);
    if (const auto feed = line.rfind('\n'); feed != std::string_view::npos) line.remove_prefix(feed + 1);
    if (line.starts_with("error: ")) line.remove_prefix(7);
    std::string sentence = protocol::as_utf8(line);  // it may have names in it that a stranger has chosen
    std::ranges::replace_if(
        sentence, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    return protocol::fail(
        WEXITSTATUS(status) == refused_module_status ? Status::invalid_code : Status::failed,
        std::format("The module cannot be compiled ahead of time: {}", sentence));
  }
  const bool no_memory = ended.group && ended.group->out_of_memory_kills() != 0;
  return protocol::fail(
      Status::out_of_resources,
      std::format(
          "The module cannot be compiled ahead of time: the compiler {}. Without \"ahead_of_time\" in its "
          "manifest it is interpreted.",
          no_memory ? "needs more memory than it may use" : how_it_ended(status)));
}

void GuestCompiler::reap() {
  int status = 0;
  if (::waitpid(running_->pid, &status, WNOHANG) != running_->pid) return await_end();
  drain();
  auto result = outcome(status);
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - running_->begun);
  if (result) spdlog::info("a module has been compiled ahead of time, in {:.1f} s", took.count());
  const std::string key = std::move(running_->key);
  // What the compiler says of the module, or that it takes for ever, it would say again.
  if (!result && (result.error().status == Status::invalid_code || result.error().status == Status::timeout))
    remember(key, result.error());
  running_.reset();
  disk_.run([directory = options_.directory, most = options_.most_bytes] { return tidy(directory, most); },
            [this, key, result = std::move(result), alive = alive_](bool) {
              if (!*alive) return;
              busy_ = false;
              settle(key, result);
              next();
            });
}

}  // namespace celeriac::vm::guests
