// Reading, writing and seeking.

#include <algorithm>
#include <cstring>
#include <limits>

#include "guest/abi/mail.hpp"
#include "guest/abi/preview1/call.hpp"

namespace celeriac::guest::preview1 {
namespace {

using namespace protocol::literals;
using protocol::Json;

/// Bytes of a file that one request reads, and writes: the latter lie in a frame.
constexpr std::uint32_t read_piece = 1u << 20;
constexpr std::uint32_t write_piece = 60'000;

struct Vector {
  std::uint32_t pointer = 0;
  std::uint32_t length = 0;
};

/// The buffers that arguments `place` and `place` + 1 describe.
Errno vectors(Call& call, std::size_t place, std::vector<Vector>& out) {
  const auto at = call.u32(place), count = call.u32(place + 1);
  if (count > max_vectors) return Errno::inval;
  if (!call.memory.holds(at, std::uint64_t{count} * 8)) return Errno::fault;
  for (std::uint32_t i = 0; i < count; ++i) {
    out.push_back(
        {call.memory.load<std::uint32_t>(at + i * 8), call.memory.load<std::uint32_t>(at + i * 8 + 4)});
    if (!call.memory.holds(out.back().pointer, out.back().length)) return Errno::fault;
  }
  return Errno::success;
}

/// Reads from `offset` on, which moves; `done` counts. Stops where the file does.
Errno read_file(Call& call, std::uint16_t handle, const std::vector<Vector>& buffers, std::uint64_t& offset,
                std::uint32_t& done) {
  for (auto buffer : buffers) {
    while (buffer.length > 0) {
      const auto wanted = std::min(buffer.length, read_piece);
      const auto reply =
          mail::ask(call.guest, "FILE.READ"_op, {{"file", handle}, {"offset", offset}, {"length", wanted}});
      if (!reply.ok()) return done > 0 ? Errno::success : errno_of(reply);
      call.memory.refresh();
      const auto got = static_cast<std::uint32_t>(std::min<std::size_t>(reply.data.size(), wanted));
      std::memcpy(call.memory.at(buffer.pointer, got).data(), reply.data.data(), got);
      offset += got;
      done += got;
      buffer.pointer += got;
      buffer.length -= got;
      if (got < wanted) return Errno::success;
    }
  }
  return Errno::success;
}

Errno write_file(Call& call, const Preview1::Descriptor& file, const std::vector<Vector>& buffers,
                 std::uint64_t& offset, std::uint32_t& done) {
  for (auto buffer : buffers) {
    while (buffer.length > 0) {
      call.memory.refresh();
      const auto bytes = call.memory.at(buffer.pointer, std::min(buffer.length, write_piece));
      Json fields{
          {"file", file.handle}, {"offset", offset}, {"data", Json::binary({bytes.begin(), bytes.end()})}};
      if (file.append) fields["append"] = true;
      const auto reply = mail::ask(call.guest, "FILE.WRITE"_op, std::move(fields));
      if (!reply.ok()) return done > 0 ? Errno::success : errno_of(reply);
      const auto written = std::min<std::uint32_t>(reply.value, static_cast<std::uint32_t>(bytes.size()));
      offset += written;
      done += written;
      buffer.pointer += written;
      buffer.length -= written;
      if (written < bytes.size()) return Errno::success;
    }
  }
  return Errno::success;
}

/// Everything that reads or writes: descriptor, buffers, then `act`, then the number of bytes into argument
/// `result`.
template <class Act>
Errno transfer(Call& call, std::size_t result, Act&& act) {
  auto* descriptor = call.descriptor(0);
  if (descriptor == nullptr) return Errno::badf;
  std::vector<Vector> buffers;
  if (const auto wrong = vectors(call, 1, buffers); wrong != Errno::success) return wrong;
  if (!call.memory.holds(call.u32(result), 4)) return Errno::fault;
  std::uint32_t done = 0;
  const auto outcome = act(*descriptor, buffers, done);
  return outcome == Errno::success ? call.store(call.u32(result), done) : outcome;
}

Errno fd_read(Call& call) {
  return transfer(call, 3, [&](Preview1::Descriptor& descriptor, const auto& buffers, std::uint32_t& done) {
    switch (descriptor.kind) {
      case Kind::input:
        return Errno::success;  // nobody types
      case Kind::file:
        return read_file(call, descriptor.handle, buffers, descriptor.offset, done);
      case Kind::directory:
        return Errno::isdir;
      default:
        return Errno::badf;
    }
  });
}

Errno fd_write(Call& call) {
  return transfer(call, 3, [&](Preview1::Descriptor& descriptor, const auto& buffers, std::uint32_t& done) {
    switch (descriptor.kind) {
      case Kind::output:
      case Kind::error:
        for (const auto& buffer : buffers) {
          const auto bytes = call.memory.at(buffer.pointer, buffer.length);
          call.self.write(call.guest, descriptor.kind == Kind::error,
                          {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
          done += buffer.length;
        }
        return Errno::success;
      case Kind::file:
        return write_file(call, descriptor, buffers, descriptor.offset, done);
      case Kind::directory:
        return Errno::isdir;
      default:
        return Errno::badf;
    }
  });
}

Errno fd_pread(Call& call) {
  return transfer(call, 4, [&](Preview1::Descriptor& descriptor, const auto& buffers, std::uint32_t& done) {
    if (descriptor.kind != Kind::file)
      return descriptor.kind == Kind::directory ? Errno::isdir : Errno::spipe;
    auto offset = call.u64(3);
    return read_file(call, descriptor.handle, buffers, offset, done);
  });
}

Errno fd_pwrite(Call& call) {
  return transfer(call, 4, [&](Preview1::Descriptor& descriptor, const auto& buffers, std::uint32_t& done) {
    if (descriptor.kind != Kind::file)
      return descriptor.kind == Kind::directory ? Errno::isdir : Errno::spipe;
    auto offset = call.u64(3);
    return write_file(call, descriptor, buffers, offset, done);
  });
}

Errno fd_seek(Call& call) {
  auto* file = call.descriptor(0);
  if (file == nullptr) return Errno::badf;
  if (file->kind != Kind::file) return file->kind == Kind::directory ? Errno::isdir : Errno::spipe;
  const auto by = static_cast<std::int64_t>(call.u64(1));
  std::uint64_t from = 0;
  if (call.u32(2) == 1) from = file->offset;
  if (call.u32(2) == 2) {
    const auto reply = mail::ask(call.guest, "FILE.STAT"_op, {{"file", file->handle}});
    if (!reply.ok()) return errno_of(reply);
    const auto document = reply.document();
    const auto size = document ? document->value("size", Json()) : Json();
    if (!size.is_number() || size.get<double>() < 0) return Errno::io;
    from = static_cast<std::uint64_t>(size.get<double>());
  }
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const auto back = 0 - static_cast<std::uint64_t>(by);
  if (call.u32(2) > 2 || (by < 0 ? back > from : static_cast<std::uint64_t>(by) > most - from))
    return Errno::inval;
  const auto to = by < 0 ? from - back : from + static_cast<std::uint64_t>(by);
  const auto stored = call.store(call.u32(3), to);
  if (stored == Errno::success) file->offset = to;
  return stored;
}

Errno fd_tell(Call& call) {
  const auto* file = call.descriptor(0);
  if (file == nullptr) return Errno::badf;
  return file->kind == Kind::file ? call.store(call.u32(1), file->offset) : Errno::spipe;
}

Errno fd_filestat_set_size(Call& call) {
  const auto* file = call.descriptor(0);
  if (file == nullptr) return Errno::badf;
  if (file->kind != Kind::file) return Errno::inval;
  return errno_of(mail::ask(call.guest, "FILE.RESIZE"_op, {{"file", file->handle}, {"size", call.u64(1)}}));
}

constexpr Row rows[] = {
    {"fd_filestat_set_size", "iI", fd_filestat_set_size},
    {"fd_pread", "iiiIi", fd_pread},
    {"fd_pwrite", "iiiIi", fd_pwrite},
    {"fd_read", "iiii", fd_read},
    {"fd_seek", "iIii", fd_seek},
    {"fd_tell", "ii", fd_tell},
    {"fd_write", "iiii", fd_write},
};

}  // namespace

std::span<const Row> file_rows() {
  return rows;
}

}  // namespace celeriac::guest::preview1
