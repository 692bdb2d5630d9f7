#include "bridges/meter/datagram_socket.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <bit>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>

namespace gridloom::bridges::meter {
namespace {

constexpr int kReadAtOnce = 32;  // datagrams

std::unexpected<Error> failed(const net::Address& address) {
  const int error = errno;
  if (error == EADDRINUSE) {
    return fail(ErrorCode::kConflict,
                fmt::format("UDP {} is in use by another program", address.text()));
  }
  return fail(ErrorCode::kIo, fmt::format("UDP {}: {}", address.text(), system_message(error)));
}

Result<FileDescriptor> open_socket(const net::Address& address, const net::SocketAddress& raw) {
  FileDescriptor socket(
      ::socket(raw.storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return failed(address);
  return socket;
}

template <typename T>
bool set(const FileDescriptor& socket, int level, int option, const T& value) {
  return ::setsockopt(socket.get(), level, option, &value, sizeof(value)) == 0;
}

Result<net::Address> bind_to(const FileDescriptor& socket, const net::Address& address,
                             const net::SocketAddress& raw) {
  if (::bind(socket.get(), raw.raw(), raw.size) != 0) return failed(address);
  net::SocketAddress own;
  ::getsockname(socket.get(), own.raw(), &own.size);
  // The port is at the same offset for both address families.
  const auto* const bound = reinterpret_cast<const sockaddr_in*>(&own.storage);  // NOLINT
  return net::Address{.host = address.host, .port = ntohs(bound->sin_port)};
}

}  // namespace

Result<std::shared_ptr<DatagramSocket>> DatagramSocket::open(const net::Address& address,
                                                             OnDatagram on_datagram) {
  GL_TRY(const auto raw, net::socket_address(address));
  GL_TRY(auto socket, open_socket(address, raw));
  GL_TRY(auto bound, bind_to(socket, address, raw));
  return std::shared_ptr<DatagramSocket>(
      new DatagramSocket(std::move(socket), std::move(bound), std::move(on_datagram)));
}

Result<std::shared_ptr<DatagramSocket>> DatagramSocket::join(const net::Address& group,
                                                             std::string_view interface,
                                                             OnDatagram on_datagram) {
  GL_TRY(const auto raw, net::socket_address(group));
  GL_TRY(auto socket, open_socket(group, raw));
  ip_mreq membership{};
  ::inet_pton(AF_INET, group.host.c_str(), &membership.imr_multiaddr);
  ::inet_pton(AF_INET, std::string(interface).c_str(), &membership.imr_interface);
  constexpr int kOn = 1;
  constexpr unsigned char kHops = 255;  // as RFC 6762 demands
  constexpr unsigned char kLoop = 1;    // askers on this host hear it too
  const bool is_set = set(socket, SOL_SOCKET, SO_REUSEADDR, kOn) &&
                      set(socket, SOL_SOCKET, SO_REUSEPORT, kOn) &&
                      set(socket, IPPROTO_IP, IP_MULTICAST_ALL, 0) &&
                      set(socket, IPPROTO_IP, IP_MULTICAST_IF, membership.imr_interface) &&
                      set(socket, IPPROTO_IP, IP_MULTICAST_TTL, kHops) &&
                      set(socket, IPPROTO_IP, IP_MULTICAST_LOOP, kLoop);
  if (!is_set) return failed(group);
  GL_TRY(auto bound, bind_to(socket, group, raw));
  if (!set(socket, IPPROTO_IP, IP_ADD_MEMBERSHIP, membership)) {
    return fail(ErrorCode::kIo, fmt::format("no interface that has {} takes part in {}: {}",
                                            interface, group.host, system_message(errno)));
  }
  return std::shared_ptr<DatagramSocket>(
      new DatagramSocket(std::move(socket), std::move(bound), std::move(on_datagram)));
}

Result<net::Network> link_of(std::string_view interface) {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) {
    return fail(ErrorCode::kIo, fmt::format("the interfaces: {}", system_message(errno)));
  }
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(all, &::freeifaddrs);
  in_addr wanted{};
  ::inet_pton(AF_INET, std::string(interface).c_str(), &wanted);
  const auto number = [](const sockaddr* address) {
    return reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr;  // NOLINT
  };
  for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
    const bool is_v4 = each->ifa_addr != nullptr && each->ifa_addr->sa_family == AF_INET;
    if (!is_v4 || each->ifa_netmask == nullptr || number(each->ifa_addr) != wanted.s_addr) continue;
    return net::Network::parse(
        fmt::format("{}/{}", interface, std::popcount(number(each->ifa_netmask))));
  }
  return fail(ErrorCode::kIo, fmt::format("no interface has {}", interface));
}

Status DatagramSocket::watch(net::IoLoop& loop) {
  loop_ = &loop;
  return loop.watch(socket_.get(), *this);
}

void DatagramSocket::send(std::string_view bytes, const net::SocketAddress& to) const {
  if (!socket_.is_open()) return;
  static_cast<void>(
      ::sendto(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT, to.raw(), to.size));
}

void DatagramSocket::close() {
  if (!socket_.is_open()) return;
  if (loop_ != nullptr) loop_->keep_for_turn(shared_from_this());
  socket_ = FileDescriptor();
}

void DatagramSocket::on_ready(std::uint32_t /*events*/) { read(); }

void DatagramSocket::on_turn_end() {
  turn_end_requested_ = false;
  read();
}

void DatagramSocket::read() {
  for (int i = 0; i < kReadAtOnce && socket_.is_open(); ++i) {
    net::SocketAddress from;
    const auto bytes = ::recvfrom(socket_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT,
                                  from.raw(), &from.size);
    if (bytes >= 0) {
      on_datagram_({buffer_.data(), static_cast<std::size_t>(bytes)}, from);
      continue;
    }
    // A peer's system said that nobody listens there: that is no end.
    if (errno == ECONNREFUSED || errno == EINTR) continue;
    return;
  }
  if (socket_.is_open() && !std::exchange(turn_end_requested_, true)) {
    loop_->at_turn_end(shared_from_this());
  }
}

}  // namespace gridloom::bridges::meter
