// Hears of changes of the registry that other processes commit to PostgreSQL (NOTIFY), on a
// connection and a thread of its own.
//
// A notification that is lost with its connection is made up for: everything is compared again when
// the connection is there again, and each 30 s. So a pooler that breaks LISTEN costs time only.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/growing_pause.h"
#include "base/result.h"
#include "postgres/connection.h"
#include "postgres/settings.h"
#include "registry/store.h"

namespace gridloom::registry {

class PostgresChanges final : public ChangeSource {
 public:
  struct Options {
    postgres::ConnectionSettings settings;
    // RowStore::seen_change(): a notification of a change that the store knows is passed over.
    std::shared_ptr<const std::atomic<std::int64_t>> seen_change;
    Millis check_every{30'000};
  };
  explicit PostgresChanges(Options options) : options_(std::move(options)) {}

  void start(std::function<Status()> catch_up) override;

 private:
  void run(const std::stop_token& stop);
  // Until the connection is lost or a stop is requested.
  [[nodiscard]] Status listen(const std::stop_token& stop);
  [[nodiscard]] bool is_news(const postgres::Notification& notification) const;

  const Options options_;
  std::function<Status()> catch_up_;
  GrowingPause pause_{{.shortest = Millis(250), .longest = Millis(5'000)}};
  std::jthread thread_;
};

}  // namespace gridloom::registry
