#include "nats/server_version.h"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>

#include "base/file_descriptor.h"
#include "base/printable.h"

namespace gridloom::nats {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kLineMaxBytes = std::size_t{64} * 1024;
constexpr std::string_view kBegin = "INFO ";
constexpr std::string_view kMember = "\"version\":\"";

struct FreeAddresses {
  void operator()(addrinfo* all) const { ::freeaddrinfo(all); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Addresses resolve(std::string_view url) {
  std::string_view host = url.substr(url.find("://") + 3);
  const std::size_t colon = host.rfind(':');
  if (colon == std::string_view::npos) return nullptr;
  const std::string port(host.substr(colon + 1));
  host = host.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(std::string(host).c_str(), port.c_str(), &hints, &found) != 0) return nullptr;
  return Addresses(found);
}

bool wait_for(const FileDescriptor& socket, short event, Steady::time_point deadline) {
  const auto rest = std::chrono::ceil<Millis>(deadline - Steady::now());
  pollfd wait{.fd = socket.get(), .events = event, .revents = 0};
  return rest > Millis(0) && ::poll(&wait, 1, static_cast<int>(rest.count())) > 0;
}

std::optional<FileDescriptor> connect(const Addresses& addresses, Steady::time_point deadline) {
  for (const addrinfo* each = addresses.get(); each != nullptr; each = each->ai_next) {
    FileDescriptor socket(::socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int status = ::connect(socket.get(), each->ai_addr, each->ai_addrlen);
    if (status != 0 && (errno != EINPROGRESS || !wait_for(socket, POLLOUT, deadline))) continue;
    int error = 0;
    socklen_t size = sizeof(error);
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0) {
      return socket;
    }
  }
  return std::nullopt;
}

std::string first_line(const FileDescriptor& socket, Steady::time_point deadline) {
  std::string line;
  std::array<char, 4096> some{};
  while (!line.contains('\n') && line.size() < kLineMaxBytes) {
    if (!wait_for(socket, POLLIN, deadline)) return {};
    const ssize_t got = ::recv(socket.get(), some.data(), some.size(), 0);
    if (got <= 0) return {};
    line.append(some.data(), static_cast<std::size_t>(got));
  }
  return line.substr(0, line.find('\n'));
}

}  // namespace

Result<std::string> server_version(const std::string& url, Millis at_most) {
  const auto deadline = Steady::now() + at_most;
  const Addresses addresses = resolve(url);
  const auto socket = connect(addresses, deadline);
  const std::string line = socket ? first_line(*socket, deadline) : std::string();
  if (line.empty()) return fail(ErrorCode::kIo, fmt::format("{} does not answer", url));
  const std::size_t at = line.find(kMember);
  if (!line.starts_with(kBegin) || at == std::string::npos) {
    return fail(ErrorCode::kMalformed, fmt::format("{} is no nats-server", url));
  }
  const std::string_view rest = std::string_view(line).substr(at + kMember.size());
  return printable(rest.substr(0, rest.find('"')));
}

std::optional<Version> parse_version(std::string_view text) {
  Version version;
  const char* const end = text.data() + text.size();
  const auto [dot, first] = std::from_chars(text.data(), end, version.major);
  if (first != std::errc() || dot == end || *dot != '.') return std::nullopt;
  const auto [rest, second] = std::from_chars(dot + 1, end, version.minor);
  if (second != std::errc()) return std::nullopt;
  return version;
}

}  // namespace gridloom::nats
