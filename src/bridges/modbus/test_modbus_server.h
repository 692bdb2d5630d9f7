// A Modbus server for tests that plays an inverter: its registers can be written, and a command
// works on its readings, or it does not.
//
// Thread rule: any thread. The server has a thread of its own.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bridges/modbus/protocol.h"
#include "catalog/modbus.h"

namespace gridloom::bridges {

enum class Manner : std::uint8_t {
  kHonest,   // does what it is told, while its heartbeat is written
  kIgnores,  // repeats what is written, and does nothing
  kSilent,   // takes requests and does not answer
  kGarbage,  // answers what is no Modbus
  kRefuses,  // writes
  kCuts,     // closes each connection after its first request
};

class TestModbusServer {
 public:
  static constexpr std::uint16_t kControl = 40534;
  static constexpr std::uint16_t kBatterySetpoint = 40571;
  static constexpr std::uint16_t kHeartbeat = 40608;

  TestModbusServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(any);
    auto* const raw = reinterpret_cast<sockaddr*>(&any);  // NOLINT: the sockets' own idiom
    if (::bind(listener_, raw, size) != 0 || ::listen(listener_, 8) != 0 ||
        ::getsockname(listener_, raw, &size) != 0) {
      throw std::runtime_error("no listener");
    }
    port_ = ntohs(any.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  TestModbusServer(const TestModbusServer&) = delete;
  TestModbusServer& operator=(const TestModbusServer&) = delete;
  ~TestModbusServer() {
    thread_.request_stop();
    ::eventfd_write(wake_, 1);
    thread_.join();
    ::close(listener_);
    ::close(wake_);
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  void behave(Manner manner) { manner_ = manner; }
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] int heartbeats() const { return heartbeats_; }

  // As the device publishes it: the low half first.
  void put(std::uint16_t address, catalog::RegisterType type, double value) {
    const std::lock_guard lock(mutex_);
    put_locked(address, type, value);
  }
  // What was written there, the high half first.
  [[nodiscard]] double written(std::uint16_t address, catalog::RegisterType type) {
    const std::lock_guard lock(mutex_);
    std::vector<std::uint16_t> words;
    for (std::size_t k = 0; k < catalog::registers_of(type); ++k) {
      words.push_back(written_[static_cast<std::uint16_t>(address + k)]);
    }
    return decoded(type, catalog::WordOrder::kHighFirst, words);
  }

 private:
  void put_locked(std::uint16_t address, catalog::RegisterType type, double value) {
    const auto words = encoded(type, catalog::WordOrder::kLowFirst, value);
    for (std::size_t k = 0; words && k < words->size(); ++k) {
      registers_[static_cast<std::uint16_t>(address + k)] = (*words)[k];
    }
  }

  // One connection at a time, as small devices have them.
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (!readable(listener_)) return;
      const int peer = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (peer < 0) continue;
      ++connections_;
      serve(peer);
      ::close(peer);
    }
  }

  // False: the server ends.
  [[nodiscard]] bool readable(int fd) const {
    std::array<pollfd, 2> waited = {pollfd{.fd = wake_, .events = POLLIN, .revents = 0},
                                    pollfd{.fd = fd, .events = POLLIN, .revents = 0}};
    ::poll(waited.data(), waited.size(), -1);
    return waited[0].revents == 0;
  }

  void serve(int peer) {
    std::string input;
    while (readable(peer)) {
      std::array<char, 512> some{};
      const ssize_t got = ::recv(peer, some.data(), some.size(), 0);
      if (got <= 0) return;
      input.append(some.data(), static_cast<std::size_t>(got));
      while (input.size() >= 12) {
        const auto length = static_cast<std::size_t>(word(input, 4)) + 6;
        if (input.size() < length) break;
        const std::string answer = answer_to(input.substr(0, length));
        input.erase(0, length);
        if (!answer.empty())
          static_cast<void>(::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL));
        if (manner_ == Manner::kCuts) return;
      }
    }
  }

  [[nodiscard]] static std::uint16_t word(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint16_t>((static_cast<std::uint8_t>(bytes[at]) << 8U) |
                                      static_cast<std::uint8_t>(bytes[at + 1]));
  }

  [[nodiscard]] std::string answer_to(const std::string& request) {
    if (manner_ == Manner::kSilent) return {};
    if (manner_ == Manner::kGarbage) return "HTTP/1.1 400 Bad Request\r\n\r\n";
    const std::lock_guard lock(mutex_);
    const auto function = static_cast<std::uint8_t>(request[7]);
    const std::uint16_t first = word(request, 8);
    std::string body;
    if (function != 3 && manner_ == Manner::kRefuses) {
      body = std::string{request[6], static_cast<char>(function | 0x80U), '\x03'};
    } else if (function == 3) {
      const std::uint16_t count = word(request, 10);
      body = std::string{request[6], request[7], static_cast<char>(count * 2)};
      for (std::uint16_t k = 0; k < count; ++k) {
        const std::uint16_t value = registers_[static_cast<std::uint16_t>(first + k)];
        body += {static_cast<char>(value >> 8U), static_cast<char>(value & 0xffU)};
      }
    } else {
      const std::size_t begin = function == 6 ? 10 : 13;
      for (std::size_t at = begin; at + 1 < request.size(); at += 2) {
        written_[static_cast<std::uint16_t>(first + (at - begin) / 2)] = word(request, at);
      }
      body = request.substr(6, 6);
      act(first);
    }
    std::string head = request.substr(0, 4);
    head += {static_cast<char>(body.size() >> 8U), static_cast<char>(body.size() & 0xffU)};
    return head + body;
  }

  // Under the lock, after a write.
  void act(std::uint16_t first) {
    if (first == kHeartbeat) ++heartbeats_;
    if (first != kControl || manner_ == Manner::kIgnores) return;
    const std::vector<std::uint16_t> control = {written_[kControl], written_[kControl + 1]};
    const double method =
        decoded(catalog::RegisterType::kUint32, catalog::WordOrder::kHighFirst, control);
    const std::vector<std::uint16_t> setpoint = {written_[kBatterySetpoint],
                                                 written_[kBatterySetpoint + 1]};
    const double power =
        decoded(catalog::RegisterType::kInt32, catalog::WordOrder::kHighFirst, setpoint);
    if (method == 48 && heartbeats_ > 0) {
      put_locked(40525, catalog::RegisterType::kFloat32, power * 1.01);
    }
  }

  const int listener_;
  const int wake_ = ::eventfd(0, EFD_CLOEXEC);
  std::uint16_t port_ = 0;
  std::atomic<Manner> manner_{Manner::kHonest};
  std::atomic<int> connections_{0};
  std::atomic<int> heartbeats_{0};
  std::mutex mutex_;  // guards the maps
  std::map<std::uint16_t, std::uint16_t> registers_;
  std::map<std::uint16_t, std::uint16_t> written_;
  std::jthread thread_;
};

}  // namespace gridloom::bridges
