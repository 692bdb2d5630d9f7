// The bus of a cluster over NATS, on plain subjects: nothing of it is stored.
//
// Thread rule: any function from any thread. Handlers run on threads of the connection.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "nats/connection.h"
#include "ownership/bus.h"

namespace gridloom::cluster {

class NatsBus final : public Bus {
 public:
  // The connection outlives the bus, and the clock of the bus is that of the connection.
  explicit NatsBus(nats::Connection& connection) : connection_(connection) {}

  [[nodiscard]] Status publish(std::string_view subject, std::string_view bytes) override;
  [[nodiscard]] Result<std::unique_ptr<Subscription>> subscribe(std::string_view subject,
                                                                Handler handler) override;
  [[nodiscard]] Link link() const override;

 private:
  nats::Connection& connection_;
};

}  // namespace gridloom::cluster
