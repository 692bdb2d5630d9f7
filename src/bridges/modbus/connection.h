// A blocking connection to a Modbus device, which another thread can interrupt.
//
// Thread rule: one thread; ModbusWake from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "bridges/modbus/protocol.h"
#include "client/stream.h"
#include "net/stream.h"

namespace gridloom::bridges {

// Wakes a thread that waits, for a connection or for time.
class ModbusWake {
 public:
  ModbusWake();
  ModbusWake(const ModbusWake&) = delete;
  ModbusWake& operator=(const ModbusWake&) = delete;
  ~ModbusWake();

  void wake() const;
  // Readable while it is woken.
  [[nodiscard]] int fd() const { return fd_; }
  // Takes what woke it: the next wait waits again.
  void clear() const;
  // Until it is woken, `fd` has one of the poll() events, or the time is over.
  enum class Woken : std::uint8_t { kByOther, kByEvent, kByTime };
  [[nodiscard]] Woken wait(Millis most, int fd = -1, short events = 0) const;  // NOLINT: poll()'s

 private:
  int fd_ = -1;
};

class ModbusConnection {
 public:
  // `stop` outlives the connection; once it is woken, every call fails. Without an answer in
  // `patience` a call fails as well.
  ModbusConnection(const ModbusWake& stop, Millis patience) : stop_(stop), patience_(patience) {}

  [[nodiscard]] bool is_open() const { return stream_.has_value(); }
  // "HOST:PORT". kIo, kNotFound, kBadParams: as client::find_peer() and connect() say.
  [[nodiscard]] Status open(const std::string& host_port);
  void close() { stream_.reset(); }

  // The registers that were read, or none for a write. kInvalidValue: the device refuses the
  // request, and the connection stays. After any other error it is closed.
  [[nodiscard]] Result<std::vector<std::uint16_t>> ask(ModbusRequest request);

 private:
  struct Deadline;
  [[nodiscard]] Status wait(const Deadline& deadline, short events) const;  // NOLINT: poll()'s
  [[nodiscard]] Status write(std::string_view bytes, const Deadline& deadline);
  [[nodiscard]] Status read(std::string& into, std::size_t size, const Deadline& deadline);
  [[nodiscard]] Result<std::vector<std::uint16_t>> exchange(const ModbusRequest& request);
  [[nodiscard]] Result<client::Peer> find(const std::string& host_port) const;

  const ModbusWake& stop_;
  const Millis patience_;
  std::uint16_t transaction_ = 0;
  std::optional<net::Stream> stream_;
};

}  // namespace gridloom::bridges
