#include "postgres/pool.h"

#include <fmt/format.h>

#include <chrono>

namespace gridloom::postgres {
namespace {

using std::chrono::steady_clock;

}  // namespace

Pool::Pool(ConnectionSettings settings, Options options)
    : settings_(std::move(settings)), options_(std::move(options)), pause_(options_.pauses) {}

Result<Pool::Lease> Pool::acquire() {
  {
    std::unique_lock lock(mutex_);
    const auto is_free = [this] {
      return stop_.stop_requested() || !idle_.empty() || in_use_ < options_.most;
    };
    if (!changed_.wait_for(lock, options_.acquire_timeout, is_free)) {
      return fail(ErrorCode::kIo, fmt::format("the database is busy: all {} connections of {} are "
                                              "in use",
                                              options_.most, options_.job));
    }
    if (stop_.stop_requested()) return fail(ErrorCode::kIo, "this program stops");
    while (!idle_.empty()) {
      Connection connection = std::move(idle_.back());
      idle_.pop_back();
      if (!connection.is_usable()) continue;
      ++in_use_;
      return Lease(*this, std::move(connection));
    }
    if (health_.away_since && steady_clock::now() < next_try_) {
      return fail(ErrorCode::kIo, health_.last_error);
    }
    ++in_use_;
  }
  Result<Connection> connection = connect();
  if (!connection) return std::unexpected(connection.error());
  return Lease(*this, std::move(*connection));
}

Result<Connection> Pool::connect() {
  Connection::Options options = options_.connection;
  options.stop = stop_.get_token();
  Result<Connection> connection = Connection::open(settings_, options);
  const std::lock_guard lock(mutex_);
  if (connection) {
    health_.away_since.reset();
    pause_.reset();
    return connection;
  }
  --in_use_;
  note_away(connection.error());
  changed_.notify_one();
  return connection;
}

void Pool::note_away(const Error& error) {
  if (!health_.away_since) health_.away_since = options_.clock.now();
  health_.last_error = error.detail;
  next_try_ = steady_clock::now() + pause_.next();
}

void Pool::give_back(Connection connection) {
  const std::lock_guard lock(mutex_);
  --in_use_;
  const bool is_good = connection.is_alive() && !connection.is_in_transaction();
  if (is_good && !stop_.stop_requested()) idle_.push_back(std::move(connection));
  changed_.notify_one();
}

Pool::Lease::~Lease() {
  if (pool_ != nullptr) pool_->give_back(std::move(connection_));
}

void Pool::stop() {
  stop_.request_stop();
  const std::lock_guard lock(mutex_);
  idle_.clear();
  changed_.notify_all();
}

Pool::Health Pool::health() const {
  const std::lock_guard lock(mutex_);
  Health now = health_;
  now.in_use = in_use_;
  now.open = in_use_ + idle_.size();
  return now;
}

}  // namespace gridloom::postgres
