#include "postgres/connection.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <chrono>
#include <utility>

#include "postgres/session.h"

namespace gridloom::postgres {
namespace {

std::vector<Notification> taken_from(pg_conn* handle) {
  struct Free {
    void operator()(PGnotify* notify) const { ::PQfreemem(notify); }
  };
  std::vector<Notification> all;
  while (const std::unique_ptr<PGnotify, Free> one{::PQnotifies(handle)}) {
    all.emplace_back(one->relname, one->extra);
  }
  return all;
}

}  // namespace

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::Connection(Connection&& other) noexcept = default;
Connection& Connection::operator=(Connection&& other) noexcept = default;
Connection::~Connection() = default;

Result<Connection> Connection::open(const ConnectionSettings& settings, const Options& options) {
  const std::size_t count = settings.host_count();
  const std::size_t first = settings.first_host();
  Error error;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t host = (first + i) % count;
    auto state = std::make_unique<State>(options, settings.schema());
    const Status connected = state->connect(settings, host);
    if (connected) {
      settings.prefer(host);
      return Connection(std::move(state));
    }
    error = i == 0 ? connected.error()
                   : Error{.code = error.code,
                           .detail = fmt::format("{}; {}", error.detail, connected.error().detail)};
    if (options.stop.stop_requested()) break;
  }
  return std::unexpected(std::move(error));
}

bool Connection::is_alive() const { return state_->is_alive(); }

bool Connection::is_usable() {
  if (!is_alive()) return false;
  // A server that ended the session has sent why, and closed the socket.
  while (true) {
    const Result<bool> read = state_->wait_to_read({}, Session::AtEnd::kReturn);
    if (!read) return false;
    if (!*read) return is_alive();
  }
}

bool Connection::is_in_transaction() const {
  if (!is_alive()) return false;
  // While a posted script runs, the status is PQTRANS_ACTIVE.
  const PGTransactionStatusType status = ::PQtransactionStatus(state_->handle());
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

bool Connection::has_failed_transaction() const {
  return is_alive() && ::PQtransactionStatus(state_->handle()) == PQTRANS_INERROR;
}

Failure Connection::last_failure() const { return state_->last_failure(); }
const std::string& Connection::schema() const { return state_->schema(); }

int Connection::server_version() const {
  return is_alive() ? ::PQserverVersion(state_->handle()) : 0;
}

Status Connection::run(const std::string& script) {
  GL_TRY(state_->begin_call());
  if (::PQsendQuery(state_->handle(), script.c_str()) == 0) return state_->failed();
  GL_TRY(state_->collect());
  return {};
}

void Connection::post(const std::string& script) {
  if (!state_->begin_call()) return;
  if (::PQsendQuery(state_->handle(), script.c_str()) == 0) return state_->lose();
  state_->set_posted();
  (void)state_->flush();
}

Result<Rows> Connection::query_values(std::string_view sql, const Values& values) {
  GL_TRY(state_->begin_call());
  GL_TRY(state_->send_query(sql, values));
  GL_TRY(ResultPtr result, state_->collect());
  return Rows(result.release());
}

Status Connection::each_row(std::string_view sql, const Values& values, const OnRow& on_row) {
  GL_TRY(state_->begin_call());
  GL_TRY(state_->send_query(sql, values));
  if (::PQsetSingleRowMode(state_->handle()) == 0) return state_->failed();
  while (true) {
    GL_TRY(ResultPtr result, state_->next_result());
    if (result == nullptr) return {};
    if (Status good = state_->check(result.get()); !good) {
      state_->discard_results();
      return good;
    }
    const bool is_last = ::PQresultStatus(result.get()) == PGRES_TUPLES_OK;
    const Rows rows(result.release());
    for (const Row row : rows) {
      if (Status taken = on_row(row); !taken) {
        state_->lose();
        return taken;
      }
    }
    if (is_last) {
      state_->discard_results();
      return {};
    }
  }
}

Result<std::vector<Notification>> Connection::wait_for_notifications(Millis at_most) {
  GL_TRY(state_->begin_call());
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  while (true) {
    if (::PQconsumeInput(state_->handle()) == 0) return state_->failed();
    std::vector<Notification> all = taken_from(state_->handle());
    if (!all.empty()) return all;
    GL_TRY(const bool read, state_->wait_to_read(deadline, Session::AtEnd::kReturn));
    if (!read) return all;
  }
}

Result<Transaction> Transaction::begin(Connection& connection, Kind kind) {
  GL_TRY(connection.run(
      kind == Kind::kWriting ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  return Transaction(connection);
}

Transaction::~Transaction() {
  if (connection_ == nullptr || outcome_ != Outcome::kOpen || !connection_->is_alive()) return;
  (void)connection_->run("ROLLBACK");
}

Status Transaction::commit() {
  outcome_ = Outcome::kRolledBack;
  if (!connection_->is_alive()) return connection_->run("COMMIT");  // fails with the reason
  // The server would answer COMMIT without an error, and roll back.
  if (connection_->has_failed_transaction()) {
    GL_TRY(connection_->run("ROLLBACK"));
    return fail(ErrorCode::kInternal, "a statement of the transaction failed before its COMMIT");
  }
  const Status committed = connection_->run("COMMIT");
  if (committed) {
    outcome_ = Outcome::kCommitted;
    return {};
  }
  if (connection_->last_failure() != Failure::kAway) return committed;
  outcome_ = Outcome::kUnknown;
  return fail(committed.error().code,
              fmt::format("it is not known whether the change was made, as its COMMIT was not "
                          "answered: {}",
                          committed.error().detail));
}

}  // namespace gridloom::postgres
