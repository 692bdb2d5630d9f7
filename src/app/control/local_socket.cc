#include "app/control/local_socket.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace gridloom::app {

Result<sockaddr_un> socket_address(const std::filesystem::path& folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (folder / "admin.sock").string();
  if (path.size() >= sizeof(address.sun_path)) {
    return fail(ErrorCode::kBadParams,
                fmt::format("{} is too long for a socket's name ({} characters at most)", path,
                            sizeof(address.sun_path) - 1));
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

const sockaddr* as_sockaddr(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

Result<Socket> connect_to(const std::filesystem::path& data_folder) {
  GL_TRY(const auto address, socket_address(data_folder));
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(socket.get(), as_sockaddr(address), sizeof(address)) == 0) return socket;
  return fail(ErrorCode::kConflict,
              fmt::format("no server runs on the data folder {}", data_folder.string()));
}

Result<std::size_t> read_some(int fd, int patience_ms, std::string& text) {
  std::array<char, 4096> piece{};
  pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
  if (::poll(&ready, 1, patience_ms) <= 0) {
    return fail(ErrorCode::kIo, fmt::format("no data came within {} s", patience_ms / 1000));
  }
  const ssize_t size = ::read(fd, piece.data(), piece.size());
  if (size < 0) return fail(ErrorCode::kIo, system_message(errno));
  text.append(piece.data(), static_cast<std::size_t>(size));
  if (text.size() > kMaxMessage) return fail(ErrorCode::kIo, "the message is too long");
  return static_cast<std::size_t>(size);
}

Result<std::string> read_all(int fd, int patience_ms) {
  std::string text;
  for (;;) {
    GL_TRY(const auto size, read_some(fd, patience_ms, text));
    if (size == 0 || text.ends_with('\n')) return text;
  }
}

bool has_ended(int fd) {
  pollfd ready{.fd = fd, .events = POLLRDHUP, .revents = 0};
  return ::poll(&ready, 1, 0) > 0;
}

bool is_gone(int fd) {
  pollfd ready{.fd = fd, .events = 0, .revents = 0};
  return ::poll(&ready, 1, 0) > 0 && (ready.revents & (POLLHUP | POLLERR)) != 0;
}

Status send_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (size < 0 && errno == EAGAIN) {
      return fail(ErrorCode::kIo, "the client does not read its answer");
    }
    if (size < 0) return fail(ErrorCode::kIo, system_message(errno));
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return {};
}

Status write_all(int fd, std::string_view text) {
  Status written = send_all(fd, text);
  if (written) ::shutdown(fd, SHUT_WR);
  return written;
}

}  // namespace gridloom::app
