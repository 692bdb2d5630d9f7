// The socket in a data folder through which a running server is administered: DIR/admin.sock.
// Everything here blocks. kIo where the other end fails.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "registry/files.h"

namespace gridloom::app {

using Socket = registry::FileDescriptor;

inline constexpr std::size_t kMaxMessage = std::size_t{64} * 1024 * 1024;  // a list of many devices

// kBadParams: the folder's name is too long.
[[nodiscard]] Result<sockaddr_un> socket_address(const std::filesystem::path& folder);
[[nodiscard]] const sockaddr* generic(const sockaddr_un& address);
// kConflict: nobody listens there.
[[nodiscard]] Result<Socket> connect_to(const std::filesystem::path& data_folder);

// Appends what has come. 0: the peer has said all that it will say. A patience of -1 has no end.
[[nodiscard]] Result<std::size_t> read_piece(int fd, int patience_ms, std::string& text);
// Until the peer has said all that it will say, or has ended a line.
[[nodiscard]] Result<std::string> read_all(int fd, int patience_ms);

// Whether the peer has said all that it will say, or is gone.
[[nodiscard]] bool has_ended(int fd);

[[nodiscard]] Status send_all(int fd, std::string_view text);
// And that is all that this end says.
[[nodiscard]] Status write_all(int fd, std::string_view text);

}  // namespace gridloom::app
