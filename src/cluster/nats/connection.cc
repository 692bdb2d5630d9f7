#include "nats/connection.h"

#include <fmt/format.h>
#include <nats/nats.h>
#include <spdlog/spdlog.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "base/printable.h"
#include "nats/connection_state.h"
#include "nats/handles.h"

namespace gridloom::nats {
namespace {

// A hung server is noticed by two pings without an answer.
constexpr std::int64_t kPing_ms = 500;
constexpr int kPings = 2;
constexpr std::int64_t kReconnect_ms = 100;
constexpr std::int64_t kJitter_ms = 50;
// A write to a server that takes nothing ends after this time.
constexpr std::int64_t kWrite_ms = 2'000;
// The library would keep 8 MB of what is sent while it is not connected, and send it later.
constexpr int kReconnectBuffer_bytes = 1;
// Threads that deliver messages, of all connections of the process.
constexpr int kDeliveryThreads = 4;
constexpr std::size_t kUrlMaxBytes = 512;

const Clock& system_clock() {
  static const SteadyClock clock;
  return clock;
}

std::string url_of(natsConnection* connection) {
  std::array<char, kUrlMaxBytes> url{};
  const natsStatus status = natsConnection_GetConnectedUrl(connection, url.data(), url.size());
  return status == NATS_OK ? std::string(url.data()) : std::string();
}

// The process has one of each, which the library's threads use until the very end.
Closures<Connection::State::Events>& connections() {
  static auto& all = *std::make_unique<Closures<Connection::State::Events>>().release();
  return all;
}
Closures<Subscription::State>& subscriptions() {
  static auto& all = *std::make_unique<Closures<Subscription::State>>().release();
  return all;
}

void on_connected(natsConnection* connection, void* closure) {
  if (const auto events = connections().find(closure)) events->connected(connection);
}
void on_disconnected(natsConnection* connection, void* closure) {
  if (const auto events = connections().find(closure)) events->disconnected(connection);
}
void on_closed(natsConnection* connection, void* closure) {
  if (const auto events = connections().find(closure)) events->closed(connection);
}
void on_error(natsConnection* /*connection*/, natsSubscription* /*subscription*/, natsStatus status,
              void* closure) {
  const auto events = connections().find(closure);
  if (events && status == NATS_SLOW_CONSUMER) events->dropped();
}

// The words of the connection's last error.
std::string last_error(natsConnection* connection) {
  const char* words = nullptr;
  const natsStatus status = natsConnection_GetLastError(connection, &words);
  if (words != nullptr && *words != '\0') return printable(words);
  return natsStatus_GetText(status);
}

}  // namespace

void Connection::State::Events::connected(natsConnection* from) {
  {
    const std::lock_guard lock(mutex);
    health.is_connected = true;
    health.since = clock->now();
    health.server = url_of(from);
    health.failing.clear();
    ++health.reconnects;
    spdlog::info("connected with NATS again: {}", health.server);
  }
  const std::lock_guard lock(listeners->mutex);
  for (const auto& [number, on_reconnect] : listeners->all) on_reconnect();
}

void Connection::State::Events::disconnected(natsConnection* from) {
  {
    const std::lock_guard lock(mutex);
    if (is_closing) return;
    health.is_connected = false;
    health.since = clock->now();
    health.failing = fmt::format("not connected with NATS: {}", last_error(from));
    spdlog::warn("the connection with NATS ({}) is lost", health.server);
  }
  requests.end_all({.code = ErrorCode::kNoAnswer,
                    .detail = "the connection with NATS was lost before the reply came"});
}

void Connection::State::Events::closed(natsConnection* from) {
  const std::lock_guard lock(mutex);
  if (is_closing) return;
  health.is_connected = false;
  health.is_closed = true;
  health.failing = fmt::format("the connection with NATS has ended: {}", last_error(from));
  spdlog::error("{}", health.failing);
}

void Connection::State::Events::dropped() {
  const std::lock_guard lock(mutex);
  ++health.dropped;
}

namespace {

// libnats 3.4.1 may be about to deliver a message to a subscription that another thread destroys
// (its issue 637): it is ended at once, and destroyed some seconds later, when others end.
void retire(SubscriptionHandle handle) {
  using Steady = std::chrono::steady_clock;
  constexpr std::chrono::seconds kDelay{5};
  struct Retired {
    Steady::time_point at;
    SubscriptionHandle handle;
  };
  static std::mutex mutex;
  static auto& retired = *std::make_unique<std::deque<Retired>>().release();
  const std::lock_guard lock(mutex);
  const auto now = Steady::now();
  retired.push_back({.at = now, .handle = std::move(handle)});
  while (now - retired.front().at > kDelay) retired.pop_front();
}

}  // namespace

Connection::State::~State() { connections().remove(closure); }

struct Subscription::State {
  std::mutex mutex;  // held while the handler runs
  Handler handler;
  SubscriptionHandle subscription;
  void* closure = nullptr;
};

Subscription::Subscription(std::shared_ptr<State> state) : state_(std::move(state)) {}

Subscription& Subscription::operator=(Subscription&& other) noexcept {
  end();
  state_ = std::move(other.state_);
  return *this;
}

Subscription::~Subscription() { end(); }

void Subscription::end() {
  if (!state_) return;
  subscriptions().remove(state_->closure);
  {
    const std::lock_guard lock(state_->mutex);
    state_->handler = nullptr;
  }
  if (state_->subscription) {
    natsSubscription_Unsubscribe(state_->subscription.get());
    retire(std::move(state_->subscription));
  }
  state_.reset();
}

namespace {

void on_message(natsConnection* /*connection*/, natsSubscription* /*subscription*/, natsMsg* given,
                void* closure) {
  const MessageHandle message(given);
  const auto state = subscriptions().find(closure);
  if (!state) return;
  const std::lock_guard lock(state->mutex);
  if (!state->handler) return;
  const char* reply = natsMsg_GetReply(given);
  const int size = natsMsg_GetDataLength(given);
  state->handler({.subject = natsMsg_GetSubject(given),
                  .reply_to = reply == nullptr ? "" : reply,
                  .data = {natsMsg_GetData(given), static_cast<std::size_t>(size)},
                  .is_no_responders = natsMsg_IsNoResponders(given)});
}

// The first status that is not good.
class Steps {
 public:
  template <typename Call, typename... Arguments>
  Steps& then(Call call, Arguments... arguments) {
    if (status_ == NATS_OK) status_ = call(arguments...);
    return *this;
  }
  [[nodiscard]] natsStatus status() const { return status_; }

 private:
  natsStatus status_ = NATS_OK;
};

Result<OptionsHandle> make_options(const ConnectionSettings& settings,
                                   const Connection::Options& options, void* closure) {
  natsOptions* made = nullptr;
  if (const natsStatus status = natsOptions_Create(&made); status != NATS_OK) {
    return std::unexpected(error_of("the options of a connection with NATS", status));
  }
  OptionsHandle handle(made);
  std::vector<const char*> urls;
  urls.reserve(settings.urls().size());
  for (const std::string& url : settings.urls()) urls.push_back(url.c_str());
  Steps steps;
  steps.then(natsOptions_SetServers, made, urls.data(), static_cast<int>(urls.size()))
      .then(natsOptions_SetName, made, options.name.c_str())
      .then(natsOptions_SetTimeout, made, options.connect_timeout.count())
      .then(natsOptions_SetPingInterval, made, kPing_ms)
      .then(natsOptions_SetMaxPingsOut, made, kPings)
      .then(natsOptions_SetWriteDeadline, made, kWrite_ms)
      .then(natsOptions_SetMaxReconnect, made, -1)
      .then(natsOptions_SetReconnectWait, made, kReconnect_ms)
      .then(natsOptions_SetReconnectJitter, made, kJitter_ms, kJitter_ms)
      .then(natsOptions_SetReconnectBufSize, made, kReconnectBuffer_bytes)
      .then(natsOptions_SetFailRequestsOnDisconnect, made, true)
      .then(natsOptions_UseGlobalMessageDelivery, made, true)
      .then(natsOptions_SetSendAsap, made, options.sending == Connection::Sending::kAtOnce)
      .then(natsOptions_SetReconnectedCB, made, on_connected, closure)
      .then(natsOptions_SetDisconnectedCB, made, on_disconnected, closure)
      .then(natsOptions_SetClosedCB, made, on_closed, closure)
      .then(natsOptions_SetErrorHandler, made, on_error, closure);
  if (!settings.user().empty()) {
    steps.then(natsOptions_SetUserInfo, made, settings.user().c_str(),
               settings.password().reveal().c_str());
  }
  if (!settings.credentials_file().empty()) {
    steps.then(natsOptions_SetUserCredentialsFromFiles, made, settings.credentials_file().c_str(),
               nullptr);
  }
  if (settings.has_tls()) steps.then(natsOptions_SetSecure, made, true);
  if (!settings.ca_file().empty()) {
    steps.then(natsOptions_LoadCATrustedCertificates, made, settings.ca_file().c_str());
  }
  if (!settings.certificate_file().empty()) {
    steps.then(natsOptions_LoadCertificatesChain, made, settings.certificate_file().c_str(),
               settings.key_file().c_str());
  }
  if (steps.status() != NATS_OK) {
    return std::unexpected(error_of("the options of a connection with NATS", steps.status()));
  }
  return handle;
}

}  // namespace

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Connection>> Connection::open(const ConnectionSettings& settings,
                                                     const Options& options) {
  // The whole process has these threads; once there are more, this changes nothing.
  if (const natsStatus status = nats_SetMessageDeliveryPoolSize(kDeliveryThreads);
      status != NATS_OK) {
    return std::unexpected(error_of("the threads of NATS", status));
  }
  auto state = std::make_unique<State>();
  state->events =
      std::make_shared<State::Events>(options.clock != nullptr ? *options.clock : system_clock());
  state->closure = connections().add(state->events);
  GL_TRY(const auto made, make_options(settings, options, state->closure));
  natsConnection* connection = nullptr;
  const natsStatus status = natsConnection_Connect(&connection, made.get());
  if (status != NATS_OK) {
    Error error =
        error_of(fmt::format("no connection with NATS at {}", settings.description()), status);
    if (error.code == ErrorCode::kOffline) error.code = ErrorCode::kIo;
    return std::unexpected(std::move(error));
  }
  state->connection.reset(connection);
  {
    const std::lock_guard lock(state->events->mutex);
    state->events->health.is_connected = true;
    state->events->health.server = url_of(connection);
  }
  std::unique_ptr<Connection> opened(new Connection(std::move(state)));
  GL_TRY(opened->listen_for_replies());
  return opened;
}

Status Connection::listen_for_replies() {
  natsInbox* inbox = nullptr;
  if (const natsStatus status = natsInbox_Create(&inbox); status != NATS_OK) {
    return std::unexpected(error_of("an inbox", status));
  }
  const InboxHandle handle(inbox);
  state_->inbox = inbox;
  GL_TRY(auto replies, subscribe(state_->inbox + ".*", [events = state_->events,
                                                        prefix = state_->inbox.size() +
                                                                 1](const Delivery& reply) {
           std::uint64_t number = 0;
           const std::string_view digits = reply.subject.substr(prefix);
           const char* const end = digits.data() + digits.size();
           if (std::from_chars(digits.data(), end, number).ec != std::errc()) return;
           if (reply.is_no_responders) {
             events->requests.end(number, fail(ErrorCode::kOffline, "nobody answers there"));
           } else {
             events->requests.end(number, std::string(reply.data));
           }
         }));
  state_->replies = std::make_unique<Subscription>(std::move(replies));
  return {};
}

Connection::~Connection() {
  {
    const std::lock_guard lock(state_->events->mutex);
    state_->events->is_closing = true;
  }
  state_->replies.reset();
  natsConnection_Close(state_->connection.get());
}

ReconnectListener::ReconnectListener(const Connection& connection,
                                     std::function<void()> on_reconnect)
    : listeners_(connection.state_->events->listeners) {
  const std::lock_guard lock(listeners_->mutex);
  number_ = listeners_->next++;
  listeners_->all.emplace(number_, std::move(on_reconnect));
}

ReconnectListener::~ReconnectListener() {
  const std::lock_guard lock(listeners_->mutex);
  listeners_->all.erase(number_);
}

Health Connection::health() const {
  const std::lock_guard lock(state_->events->mutex);
  return state_->events->health;
}

Status Connection::publish(const std::string& subject, const std::string& reply_to,
                           std::string_view data) {
  natsConnection* const to = state_->connection.get();
  natsStatus status = NATS_CONNECTION_DISCONNECTED;
  if (natsConnection_Status(to) == NATS_CONN_STATUS_CONNECTED) {
    const auto size = static_cast<int>(data.size());
    status = reply_to.empty() ? natsConnection_Publish(to, subject.c_str(), data.data(), size)
                              : natsConnection_PublishRequest(to, subject.c_str(), reply_to.c_str(),
                                                              data.data(), size);
  }
  if (status == NATS_OK) return {};
  return std::unexpected(error_of(fmt::format("a message on {}", subject), status));
}

Result<Subscription> Connection::subscribe(const std::string& subject, Handler handler) {
  auto state = std::make_shared<Subscription::State>();
  state->handler = std::move(handler);
  state->closure = subscriptions().add(state);
  Subscription made(state);
  natsSubscription* subscription = nullptr;
  const natsStatus status = natsConnection_Subscribe(&subscription, state_->connection.get(),
                                                     subject.c_str(), on_message, state->closure);
  if (status != NATS_OK) {
    return std::unexpected(error_of(fmt::format("a subscription of {}", subject), status));
  }
  state->subscription.reset(subscription);
  return made;
}

Status Connection::flush(Millis at_most) {
  const natsStatus status = natsConnection_FlushTimeout(state_->connection.get(), at_most.count());
  if (status == NATS_OK) return {};
  return std::unexpected(error_of("the round trip to NATS", status));
}

void Connection::request(const std::string& subject, std::string_view data, Millis at_most,
                         OnReply on_reply) {
  PendingRequests& requests = state_->events->requests;
  const std::uint64_t number = requests.add(at_most, std::move(on_reply));
  const Status sent = publish(subject, fmt::format("{}.{}", state_->inbox, number), data);
  if (!sent) requests.end(number, std::unexpected(sent.error()));
}

}  // namespace gridloom::nats
