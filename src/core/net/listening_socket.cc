#include "net/listening_socket.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>

namespace gridloom::net {
namespace {

constexpr int kBacklog = 4096;

}  // namespace

Result<FileDescriptor> listen_on(const Address& address) {
  GL_TRY(const auto raw, socket_address(address));
  FileDescriptor socket(
      ::socket(raw.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (socket.is_open()) ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (socket.is_open() && ::bind(socket.get(), raw.raw(), raw.size) == 0 &&
      ::listen(socket.get(), kBacklog) == 0) {
    return socket;
  }
  if (errno == EADDRINUSE) {
    return fail(ErrorCode::kConflict,
                fmt::format("{} is in use by another program", address.text()));
  }
  return fail(ErrorCode::kIo, fmt::format("{}: {}", address.text(), system_message(errno)));
}

}  // namespace gridloom::net
