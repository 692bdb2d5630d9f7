#include "bench/set_load.h"

#include <fmt/format.h>

#include <chrono>
#include <mutex>
#include <stop_token>
#include <thread>
#include <unordered_map>
#include <utility>

#include "client/mqtt_connection.h"
#include "client/poller.h"
#include "client/stream.h"
#include "wire/json.h"
#include "wire/topics.h"

namespace gridloom::bench {

Result<Summary> run(const SetLoad& load) {
  if (load.http.body.empty() || load.http.devices.empty()) {
    return fail(ErrorCode::kBadParams, "a load of sets needs a body and devices");
  }
  GL_TRY(const auto responder,
         SetResponder::start({.to = load.mqtt, .ca = load.http.ca, .devices = load.http.devices}));
  auto summary = run(load.http);
  GL_TRY(responder->outcome());
  if (summary) summary->what = "set";
  return summary;
}

namespace {

using wire::mqtt::Qos;

constexpr std::size_t kSigningIn = 64;  // at once: a server's backlog is short
constexpr std::size_t kReadBytes = std::size_t{64} * 1024;
constexpr std::size_t kWindow = 1000;  // replies of one device that the server has not acknowledged
constexpr std::chrono::seconds kPatience{20};  // for subscriptions
constexpr int kIdle_ms = 10;

}  // namespace

Result<std::string> reply_to(std::string_view set) {
  GL_TRY(const auto json, wire::parse_json(set));
  const wire::Json* const id = wire::member(json, "id");
  if (id == nullptr) return fail(ErrorCode::kMalformed, "a set without an id");
  return wire::to_text(wire::JsonObject{
      {"id", *id}, {"version", "1.0"}, {"code", "0"}, {"data", wire::JsonObject{{"ack", 0}}}});
}

class SetResponder::Worker final : public client::MqttConnection::Listener {
 public:
  explicit Worker(Options options) : options_(std::move(options)), buffer_(kReadBytes) {}

  [[nodiscard]] Status connect();
  void start() {
    thread_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) handle_events();
    });
  }
  [[nodiscard]] Status outcome() const {
    const std::scoped_lock lock(mutex_);
    return outcome_;
  }

  void on_signed_in(client::MqttConnection& /*client*/) override { --signing_in_; }
  void on_acknowledged(client::MqttConnection& /*client*/, client::Moment /*due*/) override {}
  void on_writable(client::MqttConnection& /*client*/) override {}
  void on_message(const wire::mqtt::Publish& message) override;
  void on_bytes(std::size_t /*sent*/, std::size_t /*received*/) override {}

 private:
  [[nodiscard]] Status begin_sign_in(const LoadDevice& device, const client::TlsClient& tls);
  [[nodiscard]] Status await_sign_ins(std::size_t at_most);
  [[nodiscard]] Status answer(const wire::mqtt::Publish& set);
  void handle_events();
  void note(Status status);

  Options options_;
  client::Poller poller_;
  std::vector<char> buffer_;
  std::vector<std::unique_ptr<client::MqttConnection>> clients_;
  std::unordered_map<std::string, std::size_t> by_sn_;
  std::size_t signing_in_ = 0;
  mutable std::mutex mutex_;
  Status outcome_;
  std::jthread thread_;  // last: it ends before the rest does
};

Status SetResponder::Worker::begin_sign_in(const LoadDevice& device, const client::TlsClient& tls) {
  GL_TRY(auto stream,
         client::connect(client::peer_at(options_.to), tls, client::ConnectMode::kBlocking));
  const std::size_t index = clients_.size();
  clients_.push_back(std::make_unique<client::MqttConnection>(
      client::MqttConnection::Options{.number = index, .window = kWindow}, std::move(stream),
      *this));
  by_sn_.emplace(device.sn, index);
  ++signing_in_;
  GL_TRY(poller_.add(clients_.back()->fd(), index));
  const std::string id = fmt::format("bench-responder-{}", device.sn);
  const std::string filter = wire::make_device_topic(device.sn, wire::Verb::kSet);
  return clients_.back()->sign_in({.client_id = id,
                                   .user = device.sn,
                                   .password = device.key,
                                   .filters = {{.filter = filter, .qos = Qos::kAtLeastOnce}}});
}

Status SetResponder::Worker::await_sign_ins(std::size_t at_most) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (signing_in_ > at_most) {
    handle_events();
    GL_TRY(outcome());
    if (std::chrono::steady_clock::now() > deadline) {
      return fail(ErrorCode::kIo, fmt::format("{} sign-ins were not answered", signing_in_));
    }
  }
  return {};
}

Status SetResponder::Worker::connect() {
  client::TlsClient tls;
  if (!options_.ca.empty()) {
    GL_TRY(auto made, client::tls_client(options_.ca));
    tls = std::move(made);
  }
  for (const LoadDevice& device : options_.devices) {
    GL_TRY(begin_sign_in(device, tls));
    GL_TRY(await_sign_ins(kSigningIn - 1));
  }
  return await_sign_ins(0);
}

void SetResponder::Worker::handle_events() {
  for (const epoll_event& event : poller_.wait(kIdle_ms)) {
    client::MqttConnection& client = *clients_[event.data.u64];
    if (client.lost()) continue;
    // It also sends the replies that on_message() put.
    note(client.on_ready(event.events, buffer_));
  }
}

void SetResponder::Worker::on_message(const wire::mqtt::Publish& message) { note(answer(message)); }

Status SetResponder::Worker::answer(const wire::mqtt::Publish& set) {
  const auto topic = wire::device_topic(set.topic);
  if (!topic || topic->verb != wire::Verb::kSet) {
    return fail(ErrorCode::kMalformed, fmt::format("a message on {}", set.topic));
  }
  const auto found = by_sn_.find(std::string(topic->sn));
  if (found == by_sn_.end()) {
    return fail(ErrorCode::kMalformed, fmt::format("a message on {}", set.topic));
  }
  GL_TRY(const auto reply, reply_to(set.payload));
  client::MqttConnection& client = *clients_[found->second];
  if (!client.has_window()) return fail(ErrorCode::kIo, "the server acknowledges no replies");
  return client.put(wire::make_device_topic(topic->sn, wire::Verb::kSetReply), reply,
                    {.qos = Qos::kAtLeastOnce}, {});
}

void SetResponder::Worker::note(Status status) {
  if (status) return;
  const std::scoped_lock lock(mutex_);
  if (outcome_) outcome_ = std::move(status);
}

SetResponder::SetResponder(std::unique_ptr<Worker> worker) : worker_(std::move(worker)) {}
SetResponder::~SetResponder() = default;

Result<std::unique_ptr<SetResponder>> SetResponder::start(const Options& options) {
  auto worker = std::make_unique<Worker>(options);
  GL_TRY(worker->connect());
  worker->start();
  return std::unique_ptr<SetResponder>(new SetResponder(std::move(worker)));
}

Status SetResponder::outcome() const { return worker_->outcome(); }

}  // namespace gridloom::bench
