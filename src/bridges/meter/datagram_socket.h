// A UDP socket on a loop. Datagrams are read a few at a time, so that a flood leaves the loop's
// other work its turn; what does not fit into the system's buffers is dropped.
//
// Thread rule: open() before or on the loop; the others on the loop. Owned by a shared_ptr.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "net/address.h"
#include "net/io_loop.h"

namespace gridloom::bridges::meter {

class DatagramSocket final : public net::IoLoop::Watched,
                             public std::enable_shared_from_this<DatagramSocket> {
 public:
  static constexpr std::size_t kMaxDatagram = 9216;  // bytes; the rest of a longer one is lost
  using OnDatagram = std::function<void(std::string_view bytes, const net::SocketAddress& from)>;

  // kConflict: the port is in use; kIo.
  [[nodiscard]] static Result<std::shared_ptr<DatagramSocket>> open(const net::Address& address,
                                                                    OnDatagram on_datagram);
  // A member of the group, by the interface that has the numeric IPv4 address `interface`; the
  // group's port may be shared with other programs of this host.
  [[nodiscard]] static Result<std::shared_ptr<DatagramSocket>> join(const net::Address& group,
                                                                    std::string_view interface,
                                                                    OnDatagram on_datagram);

  [[nodiscard]] const net::Address& bound() const { return bound_; }
  [[nodiscard]] Status watch(net::IoLoop& loop);
  // One that cannot be sent at once is dropped.
  void send(std::string_view bytes, const net::SocketAddress& to) const;
  void close();

 private:
  DatagramSocket(FileDescriptor socket, net::Address bound, OnDatagram on_datagram)
      : socket_(std::move(socket)),
        bound_(std::move(bound)),
        on_datagram_(std::move(on_datagram)) {}

  void on_ready(std::uint32_t events) override;
  void on_turn_end() override;
  void read();

  FileDescriptor socket_;
  net::Address bound_;
  OnDatagram on_datagram_;
  net::IoLoop* loop_ = nullptr;
  bool turn_end_requested_ = false;
  std::array<char, kMaxDatagram> buffer_{};
};

// The addresses on the link of the interface that has the numeric IPv4 address. kIo: there is none.
[[nodiscard]] Result<net::Network> link_of(std::string_view interface);

}  // namespace gridloom::bridges::meter
