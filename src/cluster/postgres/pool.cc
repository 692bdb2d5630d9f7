#include "postgres/pool.h"

#include <fmt/format.h>

#include <chrono>

namespace gridloom::postgres {
namespace {

using std::chrono::steady_clock;

}  // namespace

std::optional<Error> Absence::error_until_next_try() const {
  const std::lock_guard lock(mutex_);
  if (!since_ || steady_clock::now() >= next_try_) return {};
  return Error{.code = ErrorCode::kIo, .detail = last_error_};
}

void Absence::begin_or_go_on(const Error& error, TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (!since_) since_ = now;
  last_error_ = error.detail;
  next_try_ = steady_clock::now() + pause_.next();
}

void Absence::end() {
  const std::lock_guard lock(mutex_);
  since_.reset();
  pause_.reset();
}

std::optional<TimePoint> Absence::since() const {
  const std::lock_guard lock(mutex_);
  return since_;
}

std::string Absence::last_error() const {
  const std::lock_guard lock(mutex_);
  return last_error_;
}

Pool::Pool(ConnectionSettings settings, Options options)
    : settings_(std::move(settings)),
      options_(std::move(options)),
      absence_(options_.absence ? options_.absence : std::make_shared<Absence>(options_.pauses)) {}

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
    if (auto error = absence_->error_until_next_try()) return std::unexpected(std::move(*error));
    ++in_use_;
  }
  GL_TRY(Connection connection, connect());
  return Lease(*this, std::move(connection));
}

Result<Connection> Pool::connect() {
  Connection::Options options = options_.connection;
  options.stop = stop_.get_token();
  Result<Connection> connection = Connection::open(settings_, options);
  if (connection) {
    absence_->end();
    return connection;
  }
  absence_->begin_or_go_on(connection.error(), options_.clock.now());
  const std::lock_guard lock(mutex_);
  --in_use_;
  changed_.notify_one();
  return connection;
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
  return {.away_since = absence_->since(),
          .last_error = absence_->last_error(),
          .open = in_use_ + idle_.size(),
          .in_use = in_use_};
}

}  // namespace gridloom::postgres
