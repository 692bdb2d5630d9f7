// Messages between nodes: bytes under a subject, to all who subscribe to it. Nothing is stored or
// sent again, so that what arrives is young.
//
// Thread rule: any function from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace gridloom::cluster {

class Bus {
 public:
  // Runs on a thread of the bus, one call at a time for a subscription, and must not block. Both
  // views live as long as the call.
  using Handler = std::function<void(std::string_view subject, std::string_view bytes)>;

  // When it is destroyed, the handler does not run and is never called again. Not to be destroyed
  // by the handler. The bus outlives it.
  class Subscription {
   public:
    Subscription() = default;
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;
    virtual ~Subscription() = default;
  };

  struct Link {
    bool is_connected = false;
    TimePoint since{};  // by the clock of the bus
    // How often it was connected: what was published between two connections did not arrive.
    std::uint64_t connections = 0;
  };

  Bus() = default;
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;
  virtual ~Bus() = default;

  // Publishers subscribed to the subject get it too, back from the bus. kIo: the bus is not
  // connected; the bytes are not kept for later.
  [[nodiscard]] virtual Status publish(std::string_view subject, std::string_view bytes) = 0;
  // Tokens of a subject are separated by '.'; '*' stands for any one token. A connection that is
  // made again has its subscriptions again.
  [[nodiscard]] virtual Result<std::unique_ptr<Subscription>> subscribe(std::string_view subject,
                                                                        Handler handler) = 0;
  [[nodiscard]] virtual Link link() const = 0;
};

}  // namespace gridloom::cluster
