#include "postgres/session.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/printable.h"

namespace gridloom::postgres {
namespace {

using std::chrono::steady_clock;

// In the order of their oids' text: the key of a prepared statement.
std::string key_of(std::string_view sql, const Values& values) {
  std::string key;
  for (const Type type : values.types()) key += fmt::format("{} ", std::to_underlying(type));
  return key.append(sql);
}

std::string text_of(const char* message) {
  std::string_view text = message == nullptr ? "" : message;
  while (text.ends_with('\n')) text.remove_suffix(1);
  return printable(text);
}

std::string_view field(const pg_result* result, int code) {
  const char* const text = ::PQresultErrorField(result, code);
  return text == nullptr ? "" : text;
}

// A session whose client is gone ends, and with it its locks: within a second if the client's
// machine says so, within twelve if that has vanished.
constexpr std::string_view kEndWithClient =
    "-c client_connection_check_interval=1000 -c tcp_keepalives_idle=5 "
    "-c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 -c tcp_user_timeout=10000";

std::string session_options(const ConnectionSettings& settings, const Connection::Options& mine) {
  return fmt::format(
      "-c search_path={} -c statement_timeout={} -c lock_timeout={} "
      "-c idle_in_transaction_session_timeout=10000 {} {}",
      settings.schema(), mine.call_timeout.count(), mine.lock_timeout.count(), kEndWithClient,
      settings.options());
}

}  // namespace

void ClearResult::operator()(pg_result* result) const { ::PQclear(result); }
void Session::Finish::operator()(pg_conn* handle) const { ::PQfinish(handle); }

void Session::Wake::operator()() const {
  const std::uint64_t one = 1;
  (void)!::write(event->get(), &one, sizeof(one));
}

Session::Session(Connection::Options options, std::string schema)
    : options_(std::move(options)), schema_(std::move(schema)), event_(::eventfd(0, EFD_CLOEXEC)) {
  on_stop_.emplace(options_.stop, Wake{.event = &event_});
}

Status Session::connect(const ConnectionSettings& settings, std::size_t host) {
  ConnectionSettings::Parameters parameters = settings.parameters(host);
  parameters["options"] = session_options(settings, options_);
  std::vector<const char*> names;
  std::vector<const char*> values;
  names.reserve(parameters.size() + 2);
  values.reserve(parameters.size() + 2);
  for (const auto& [name, value] : parameters) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  if (!settings.password().empty()) {
    names.push_back("password");
    values.push_back(settings.password().reveal().c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  deadline_ = steady_clock::now() + settings.connect_timeout();
  handle_.reset(::PQconnectStartParams(names.data(), values.data(), 0));
  if (handle_ == nullptr) return failed({}, "there is no memory for a connection");
  PostgresPollingStatusType next = PGRES_POLLING_WRITING;
  if (::PQstatus(handle()) == CONNECTION_BAD) next = PGRES_POLLING_FAILED;
  while (next != PGRES_POLLING_OK) {
    if (next == PGRES_POLLING_FAILED) {
      const std::string why = text_of(::PQerrorMessage(handle()));
      lose();
      return failed({}, why);
    }
    GL_TRY(const short ready, wait(next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline_));
    if (ready == 0) {
      lose();
      return failed(
          {}, fmt::format("it does not answer within {} ms", settings.connect_timeout().count()));
    }
    next = ::PQconnectPoll(handle());
  }
  ::PQsetNoticeProcessor(handle(), [](void*, const char*) {}, nullptr);
  if (::PQsetnonblocking(handle(), 1) != 0) return failed();
  return {};
}

bool Session::is_alive() const {
  return handle_ != nullptr && ::PQstatus(handle()) == CONNECTION_OK;
}

std::unexpected<Error> Session::failed(std::string_view sqlstate, std::string_view message) {
  last_failure_ = failure_of(sqlstate);
  return std::unexpected(error_of(sqlstate, message));
}

std::unexpected<Error> Session::failed() {
  if (handle_ == nullptr) return failed({}, "the connection is lost");
  const std::string why = text_of(::PQerrorMessage(handle()));
  if (is_alive()) {
    last_failure_ = Failure::kRefused;
    return fail(ErrorCode::kInternal, fmt::format("the database's client refuses a call: {}", why));
  }
  lose();
  return failed({}, why.empty() ? "the connection is lost" : why);
}

std::unexpected<Error> Session::timed_out() {
  lose();
  return failed({}, fmt::format("it does not answer within {} ms",
                                (options_.call_timeout + Connection::kGrace).count()));
}

Result<short> Session::wait(short events, Moment deadline) {
  while (true) {
    std::array<pollfd, 2> ready{{{.fd = ::PQsocket(handle()), .events = events, .revents = 0},
                                 {.fd = event_.get(), .events = POLLIN, .revents = 0}}};
    const auto left = std::chrono::ceil<Millis>(deadline - steady_clock::now());
    const auto timeout_ms = static_cast<int>(std::max<Millis::rep>(left.count(), 0));
    const int count = ::poll(ready.data(), ready.size(), timeout_ms);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed({}, system_message(errno));
    if (ready[1].revents != 0) {
      lose();
      return failed({}, "the call was ended, because this program stops");
    }
    return ready[0].revents;
  }
}

Status Session::begin_call() {
  last_failure_ = Failure::kNone;
  if (!is_alive()) return failed();
  deadline_ = steady_clock::now() + options_.call_timeout + Connection::kGrace;
  if (!std::exchange(has_posted_, false)) return {};
  discard_results();
  return is_alive() ? Status() : failed();
}

Status Session::flush() {
  while (true) {
    const int left = ::PQflush(handle());
    if (left < 0) return failed();
    if (left == 0) return {};
    // The server may have to be read before it reads on.
    GL_TRY(const short ready, wait(POLLIN | POLLOUT, deadline_));
    if (ready == 0) return timed_out();
    if ((ready & POLLIN) != 0 && ::PQconsumeInput(handle()) == 0) return failed();
  }
}

Result<bool> Session::wait_to_read(Moment deadline, AtEnd at_end) {
  GL_TRY(const short ready, wait(POLLIN, deadline));
  if (ready == 0 && at_end == AtEnd::kLose) return timed_out();
  if (ready == 0) return false;
  if (::PQconsumeInput(handle()) == 0) return failed();
  return true;
}

Result<ResultPtr> Session::next_result() {
  GL_TRY(flush());
  while (::PQisBusy(handle()) != 0) {
    GL_TRY(wait_to_read(deadline_, AtEnd::kLose));
  }
  return ResultPtr(::PQgetResult(handle()));
}

Status Session::check(const pg_result* result) {
  switch (::PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_SINGLE_TUPLE:
    case PGRES_COPY_IN:
    case PGRES_EMPTY_QUERY:
    case PGRES_PIPELINE_SYNC:
      return {};
    case PGRES_PIPELINE_ABORTED:
      return failed("25P02", "an earlier statement failed");
    default:
      break;
  }
  const std::string state(field(result, PG_DIAG_SQLSTATE));
  const std::string message(field(result, PG_DIAG_MESSAGE_PRIMARY));
  if (message.empty()) return failed();
  std::unexpected<Error> error = failed(state, message);
  // After these the server ends the session, or it is of no use for changes.
  if (last_failure_ == Failure::kAway) lose();
  return error;
}

Result<ResultPtr> Session::collect() {
  ResultPtr last;
  std::optional<Error> error;
  while (true) {
    Result<ResultPtr> result = next_result();
    if (!result) return std::unexpected(error.value_or(result.error()));
    if (*result == nullptr) break;
    const Status good = check(result->get());
    if (!good && !error) error = good.error();
    if (!is_alive()) break;
    if (!error) last = std::move(*result);
    // It would be returned again and again.
    if (last != nullptr && ::PQresultStatus(last.get()) == PGRES_COPY_IN) break;
  }
  if (error) return std::unexpected(*error);
  if (last == nullptr) return failed();
  return last;
}

void Session::discard_results() {
  while (is_alive()) {
    const Result<ResultPtr> result = next_result();
    if (!result || *result == nullptr) return;
  }
}

Result<PreparedNames::Name> Session::send_prepare(std::string_view sql, const Values& values) {
  PreparedNames::Name name = prepared_.name_of(key_of(sql, values));
  if (!name.is_new) return name;
  std::vector<Oid> types;
  types.reserve(values.size());
  for (const Type type : values.types()) types.push_back(std::to_underlying(type));
  if (::PQsendPrepare(handle(), name.text.c_str(), std::string(sql).c_str(),
                      static_cast<int>(types.size()), types.data()) == 0) {
    forget(name.text);
    return failed();
  }
  return name;
}

Status Session::send_prepared(const std::string& name, const Values& values) {
  std::vector<const char*> bytes;
  std::vector<int> lengths;
  const std::vector<int> formats(values.size(), 1);  // binary
  bytes.reserve(values.size());
  lengths.reserve(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::optional<std::string_view> value = values.bytes(i);
    bytes.push_back(value ? value->data() : nullptr);
    lengths.push_back(value ? static_cast<int>(value->size()) : 0);
  }
  if (::PQsendQueryPrepared(handle(), name.c_str(), static_cast<int>(bytes.size()), bytes.data(),
                            lengths.data(), formats.data(), 1) == 0) {
    return failed();
  }
  return {};
}

Status Session::send_query(std::string_view sql, const Values& values) {
  GL_TRY(const PreparedNames::Name prepared, send_prepare(sql, values));
  if (prepared.is_new) {
    const Result<ResultPtr> done = collect();
    if (!done) {
      forget(prepared.text);
      return std::unexpected(done.error());
    }
  }
  return send_prepared(prepared.text, values);
}

PreparedNames::Name PreparedNames::name_of(std::string_view key) {
  if (const auto found = names_.find(key); found != names_.end()) return {.text = found->second};
  const auto added = names_.emplace(key, fmt::format("s{}", next_++)).first;
  return {.text = added->second, .is_new = true};
}

void PreparedNames::forget(std::string_view name) {
  std::erase_if(names_, [name](const auto& entry) { return entry.second == name; });
}

}  // namespace gridloom::postgres
