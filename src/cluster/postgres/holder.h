// The right of one server to write to a database, or of the nodes of one cluster: a lock of a
// session that lives as long as this object. Others are refused by the name of who has it.
//  If the session is lost, as with a restart or a failover of the database, a thread takes the lock
// again as soon as it can. Each write is checked by the database meanwhile, so that two servers
// cannot write the same: this tells people who the other one is.
//
// Thread rule: take() may block; the others any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/result.h"
#include "postgres/connection.h"
#include "postgres/settings.h"

namespace gridloom::postgres {

class Holder {
 public:
  // A server that was killed has lost its session at once, but its machine may have been lost.
  static constexpr Millis kPatience{5'000};

  // Whether nobody else has the database, or only others who share it.
  enum class Kind : std::uint8_t { kAlone, kShared };
  // `settings` with the application name that others see, such as "gridloom pi:/data"
  // (PostgreSQL keeps 63 bytes of it). kConflict: another server has the database, and did not end
  // within `patience`. kIo: the database is away.
  [[nodiscard]] static Result<std::unique_ptr<Holder>> take(const ConnectionSettings& settings,
                                                            Millis patience = kPatience,
                                                            Kind kind = Kind::kAlone);
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder();

 private:
  Holder(ConnectionSettings settings, Kind kind, Connection connection);
  void keep(const std::stop_token& stop, Connection connection) const;

  const ConnectionSettings settings_;
  const Kind kind_;
  std::jthread thread_;
};

}  // namespace gridloom::postgres
