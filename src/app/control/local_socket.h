// DIR/admin.sock: the Unix socket in a data folder through which a running server is administered.
// All functions here block. kIo where the peer fails.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/file_descriptor.h"
#include "base/result.h"

namespace gridloom::app {

using Socket = FileDescriptor;

inline constexpr std::size_t kMaxMessage = std::size_t{64} * 1024 * 1024;  // a list of many devices

// kBadParams: the path of the folder is too long.
[[nodiscard]] Result<sockaddr_un> socket_address(const std::filesystem::path& folder);
[[nodiscard]] const sockaddr* as_sockaddr(const sockaddr_un& address);
// kConflict: no server listens on the socket.
[[nodiscard]] Result<Socket> connect_to(const std::filesystem::path& data_folder);

// Reads available bytes and appends them to `text`. 0: the peer has closed its sending side. A
// patience of -1 waits without limit.
[[nodiscard]] Result<std::size_t> read_some(int fd, int patience_ms, std::string& text);
// Reads until the peer has closed its sending side, or has ended a line.
[[nodiscard]] Result<std::string> read_all(int fd, int patience_ms);

// Whether the peer has closed its sending side, or is gone.
[[nodiscard]] bool has_ended(int fd);

// Whether the peer is gone. One that has closed its sending side may still read.
[[nodiscard]] bool is_gone(int fd);

[[nodiscard]] Status send_all(int fd, std::string_view text);
// Sends `text` and then closes the sending side.
[[nodiscard]] Status write_all(int fd, std::string_view text);

}  // namespace gridloom::app
