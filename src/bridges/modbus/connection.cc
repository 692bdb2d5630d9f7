#include "bridges/modbus/connection.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>

#include "client/stream.h"
#include "net/address.h"

namespace gridloom::bridges {
namespace {

// A look-up that nobody can interrupt, shared with whoever still waits for it.
struct Lookup {
  ModbusWake done;
  std::mutex mutex;
  std::optional<Result<client::Peer>> found;
};

}  // namespace

ModbusWake::ModbusWake() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

ModbusWake::~ModbusWake() { ::close(fd_); }

void ModbusWake::wake() const {
  static_cast<void>(::eventfd_write(fd_, 1));  // fails when it is woken already
}

void ModbusWake::clear() const {
  eventfd_t ignored = 0;
  static_cast<void>(::eventfd_read(fd_, &ignored));
}

ModbusWake::Woken ModbusWake::wait(Millis most, int fd, short events) const {  // NOLINT: poll()'s
  const auto until = std::chrono::steady_clock::now() + most;
  for (;;) {
    const auto left = std::chrono::ceil<Millis>(until - std::chrono::steady_clock::now());
    std::array<pollfd, 2> waited = {pollfd{.fd = fd_, .events = POLLIN, .revents = 0},
                                    pollfd{.fd = fd, .events = events, .revents = 0}};
    const int happened =
        ::poll(waited.data(), waited.size(), static_cast<int>(std::max(left, Millis(0)).count()));
    if (happened < 0 && errno == EINTR) continue;
    if (waited[0].revents != 0) return Woken::kByOther;
    if (waited[1].revents != 0) return Woken::kByEvent;
    return Woken::kByTime;
  }
}

struct ModbusConnection::Deadline {
  explicit Deadline(Millis patience) : at(std::chrono::steady_clock::now() + patience) {}
  [[nodiscard]] Millis left() const {
    return std::max(std::chrono::ceil<Millis>(at - std::chrono::steady_clock::now()), Millis(0));
  }
  std::chrono::steady_clock::time_point at;
};

Status ModbusConnection::wait(const Deadline& deadline, short events) const {  // NOLINT: poll()'s
  switch (stop_.wait(deadline.left(), stream_->fd(), events)) {
    case ModbusWake::Woken::kByEvent:
      return {};
    case ModbusWake::Woken::kByOther:
      return fail(ErrorCode::kConflict, "the bridge ends");
    case ModbusWake::Woken::kByTime:
      break;
  }
  return fail(ErrorCode::kIo,
              fmt::format("no answer within {} s", static_cast<double>(patience_.count()) / 1000));
}

Result<client::Peer> ModbusConnection::find(const std::string& host_port) const {
  if (const auto numeric = net::parse_address(host_port)) return client::peer_at(*numeric);
  const auto lookup = std::make_shared<Lookup>();
  client::look_up_peer(host_port, [lookup](Result<client::Peer> found) {
    {
      const std::lock_guard lock(lookup->mutex);
      lookup->found.emplace(std::move(found));
    }
    lookup->done.wake();
  });
  switch (stop_.wait(patience_, lookup->done.fd(), POLLIN)) {
    case ModbusWake::Woken::kByOther:
      return fail(ErrorCode::kConflict, "the bridge ends");
    case ModbusWake::Woken::kByEvent: {
      const std::lock_guard lock(lookup->mutex);
      return std::move(*lookup->found);
    }
    case ModbusWake::Woken::kByTime:
      break;
  }
  return fail(ErrorCode::kIo, fmt::format("{}: the name is not resolved", host_port));
}

Status ModbusConnection::open(const std::string& host_port) {
  GL_TRY(const auto peer, find(host_port));
  GL_TRY(auto stream, client::connect(peer, nullptr, client::ConnectMode::kNonBlocking));
  stream_.emplace(std::move(stream));
  Status connected = wait(Deadline(patience_), POLLOUT);
  if (!connected) close();
  return connected;
}

Status ModbusConnection::write(std::string_view bytes, const Deadline& deadline) {
  while (!bytes.empty()) {
    const auto moved = stream_->write(bytes);
    if (moved.state != net::Stream::State::kOpen) {
      return std::unexpected(client::error_of(*stream_, moved.state));
    }
    bytes.remove_prefix(moved.bytes);
    if (bytes.empty() || moved.bytes != 0) continue;
    GL_TRY(wait(deadline, POLLOUT));
  }
  return {};
}

Status ModbusConnection::read(std::string& into, std::size_t size, const Deadline& deadline) {
  while (into.size() < size) {
    const std::size_t had = into.size();
    into.resize(size);
    const auto moved = stream_->read(std::span(into).subspan(had));
    into.resize(had + moved.bytes);
    if (moved.bytes != 0) continue;
    if (moved.state != net::Stream::State::kOpen) {
      return std::unexpected(client::error_of(*stream_, moved.state));
    }
    GL_TRY(wait(deadline, POLLIN));
  }
  return {};
}

Result<std::vector<std::uint16_t>> ModbusConnection::exchange(const ModbusRequest& request) {
  const Deadline deadline(patience_);
  GL_TRY(write(bytes_of(request), deadline));
  std::string answer;
  GL_TRY(read(answer, kModbusHead, deadline));
  GL_TRY(const auto size, size_of_answer(answer));
  GL_TRY(read(answer, size, deadline));
  return words_in(answer, request);
}

Result<std::vector<std::uint16_t>> ModbusConnection::ask(ModbusRequest request) {
  if (!stream_) return fail(ErrorCode::kIo, "there is no connection");
  request.transaction = ++transaction_;
  auto words = exchange(request);
  if (!words && words.error().code != ErrorCode::kInvalidValue) close();
  return words;
}

}  // namespace gridloom::bridges
