#include "bench/mqtt_load.h"

#include <fmt/format.h>

#include <atomic>
#include <deque>
#include <memory>
#include <thread>
#include <utility>

#include "client/mqtt_connection.h"
#include "client/poller.h"
#include "client/stream.h"

namespace gridloom::bench {
namespace {

using wire::mqtt::Qos;

constexpr std::size_t kSigningIn = 64;  // at once: a server's backlog is short
constexpr std::size_t kReadBytes = std::size_t{256} * 1024;
constexpr std::chrono::seconds kPatience{20};     // for sign-ins
constexpr std::chrono::seconds kLastArrivals{2};  // without an arrival, no more will come
constexpr std::size_t kMaxWindow = 10'000;
constexpr int kIdle_ms = 10;

// State shared by the threads, in addition to the run.
struct Shared {
  BenchmarkRun run;
  client::TlsClient tls;
  std::atomic<std::uint64_t> taken{0};  // messages that each subscriber should get
  std::atomic<unsigned> publishing;     // threads that still publish
};

// Clients that wait for their turn to publish, by number. One that waits already is not added
// again.
class TurnQueue {
 public:
  [[nodiscard]] bool empty() const { return queue_.empty(); }
  [[nodiscard]] std::size_t size() const { return queue_.size(); }
  void add(std::size_t client) {
    if (waits_.size() <= client) waits_.resize(client + 1);
    if (waits_[client]) return;
    waits_[client] = true;
    queue_.push_back(client);
  }
  // Requires that it is not empty.
  [[nodiscard]] std::size_t take() {
    const std::size_t client = queue_.front();
    queue_.pop_front();
    waits_[client] = false;
    return client;
  }

 private:
  std::deque<std::size_t> queue_;
  std::vector<bool> waits_;  // by client: it is in queue_
};

// One thread of the load: the connections whose number is `first`, `first + step`, ...
class Worker final : public client::MqttConnection::Listener {
 public:
  Worker(const MqttLoad& load, Shared& shared, std::size_t first, std::size_t step)
      : load_(load), shared_(shared), first_(first), step_(step), buffer_(kReadBytes) {}

  void run();
  [[nodiscard]] const Status& outcome() const { return outcome_; }
  [[nodiscard]] const Counts& counts() const { return counts_; }
  [[nodiscard]] std::uint64_t arrived() const { return arrived_; }

  void on_signed_in(client::MqttConnection& client) override;
  void on_acknowledged(client::MqttConnection& client, Moment due) override;
  void on_writable(client::MqttConnection& client) override;
  void on_message(const wire::mqtt::Publish& message) override;
  void on_bytes(std::size_t sent, std::size_t received) override;

 private:
  // Connections of this thread that subscribe.
  [[nodiscard]] std::size_t subscribers() const {
    return first_ == 0 && load_.subscriber ? load_.subscriber->connections : 0;
  }
  [[nodiscard]] Status connect();
  [[nodiscard]] Status begin_sign_in(const client::MqttConnection::SignIn& who,
                                     const net::Address& to);
  [[nodiscard]] Status await_sign_ins(std::size_t at_most);
  void publish_due();
  // Whether every message is acknowledged and has arrived.
  [[nodiscard]] bool is_settled() const {
    return taken_ == sent_ && arrived_ >= taken_ * subscribers();
  }
  [[nodiscard]] bool publish(std::size_t index, Moment due);
  void drain();
  void handle_events(int timeout_ms);
  [[nodiscard]] int patience_ms() const;

  const MqttLoad& load_;
  Shared& shared_;
  std::size_t first_;
  std::size_t step_;
  client::Poller poller_;
  std::vector<char> buffer_;
  std::vector<std::unique_ptr<client::MqttConnection>>
      clients_;                      // the subscribers, if they are here, come first
  std::vector<std::string> topics_;  // by client
  TurnQueue turns_;
  std::size_t signing_in_ = 0;
  std::size_t next_payload_ = 0;
  Moment now_;
  Moment next_due_;
  Steady::duration interval_{};
  bool publishing_ = false;
  std::uint64_t sent_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t arrived_ = 0;
  Counts counts_;
  Status outcome_;
};

void Worker::on_signed_in(client::MqttConnection& client) {
  --signing_in_;
  if (client.number() >= subscribers()) turns_.add(client.number());
}

void Worker::on_acknowledged(client::MqttConnection& client, Moment due) {
  ++taken_;
  if (shared_.run.measured(now_)) {
    ++counts_.operations;
    counts_.latencies.add(now_ - due);
  }
  turns_.add(client.number());
}

void Worker::on_writable(client::MqttConnection& client) {
  if (client.may_publish()) turns_.add(client.number());
}

void Worker::on_message(const wire::mqtt::Publish& message) {
  if (!message.dup) ++arrived_;
}

void Worker::on_bytes(std::size_t sent, std::size_t received) {
  if (!publishing_ || !shared_.run.measured(now_)) return;
  counts_.bytes_sent += sent;
  counts_.bytes_received += received;
}

Status Worker::begin_sign_in(const client::MqttConnection::SignIn& who, const net::Address& to) {
  GL_TRY(auto stream,
         client::connect(client::peer_at(to), shared_.tls, client::ConnectMode::kBlocking));
  const std::size_t index = clients_.size();
  clients_.push_back(std::make_unique<client::MqttConnection>(
      client::MqttConnection::Options{.number = index, .window = load_.window}, std::move(stream),
      *this));
  ++signing_in_;
  GL_TRY(poller_.add(clients_.back()->fd(), index));
  return clients_.back()->sign_in(who);
}

Status Worker::await_sign_ins(std::size_t at_most) {
  const Moment begun = Steady::now();
  while (signing_in_ > at_most) {
    handle_events(kIdle_ms);
    if (counts_.errors != 0) return fail(ErrorCode::kIo, counts_.first_error);
    if (Steady::now() - begun > kPatience) {
      return fail(ErrorCode::kIo, fmt::format("{} sign-ins were not answered", signing_in_));
    }
  }
  return {};
}

Status Worker::connect() {
  for (std::size_t i = 0; i < subscribers(); ++i) {
    const MqttLoad::Subscriber& who = *load_.subscriber;
    topics_.emplace_back();
    Status begun = begin_sign_in({.client_id = fmt::format("bench-subscriber-{}", i),
                                  .user = who.user,
                                  .password = who.password,
                                  .filters = {{.filter = who.filter, .qos = who.qos}}},
                                 load_.to.front());
    if (!begun) return begun;
    GL_TRY(await_sign_ins(kSigningIn - 1));
  }
  GL_TRY(await_sign_ins(0));
  for (std::size_t i = first_; i < load_.connections; i += step_) {
    const LoadDevice& device = load_.devices[i];
    topics_.push_back(filled_in(load_.topic, device));
    Status begun = begin_sign_in({.client_id = fmt::format("bench-{}", i),
                                  .user = filled_in(load_.user, device),
                                  .password = filled_in(load_.password, device)},
                                 load_.to[i % load_.to.size()]);
    if (!begun) return begun;
    GL_TRY(await_sign_ins(kSigningIn - 1));
  }
  return await_sign_ins(0);
}

void Worker::run() {
  now_ = Steady::now();
  outcome_ = shared_.run.wait_for_all(connect());
  if (!outcome_) return;
  now_ = next_due_ = shared_.run.begin();
  if (load_.rate > 0) {
    interval_ = std::chrono::duration_cast<Steady::duration>(
        std::chrono::duration<double>(static_cast<double>(step_) / load_.rate));
  }
  publishing_ = true;
  while (!shared_.run.over(now_)) {
    publish_due();
    handle_events(patience_ms());
    if (first_ == 0) shared_.run.sample(now_);
  }
  publishing_ = false;
  drain();
}

// How long no message has to be published.
int Worker::patience_ms() const {
  if (turns_.empty() || (load_.in_turn && !is_settled())) return kIdle_ms;
  if (load_.rate <= 0) return 0;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_due_ - now_).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, kIdle_ms));
}

void Worker::publish_due() {
  if (!publishing_) return;
  // A connection of QoS 0 is free again at once: the others and incoming data get their turn.
  for (std::size_t left = turns_.size(); left > 0; --left) {
    if (load_.rate > 0 && next_due_ > now_) return;
    if (load_.in_turn && !is_settled()) return;
    const std::size_t index = turns_.take();
    if (publish(index, load_.rate > 0 ? next_due_ : now_) && load_.rate > 0) next_due_ += interval_;
  }
}

bool Worker::publish(std::size_t index, Moment due) {
  client::MqttConnection& client = *clients_[index];
  if (!client.may_publish()) return false;
  const std::string& payload =
      load_.payloads[(index * 7 + next_payload_++) % load_.payloads.size()];
  if (Status sent = client.publish(topics_[index], payload, {.qos = load_.qos}, due); !sent) {
    counts_.error(sent.error().detail);
    return false;
  }
  ++sent_;
  if (load_.qos == Qos::kAtMostOnce) {
    ++taken_;
    if (shared_.run.measured(now_)) ++counts_.operations;
  }
  if (client.may_publish()) turns_.add(client.number());
  return true;
}

void Worker::handle_events(int timeout_ms) {
  const auto events = poller_.wait(timeout_ms);
  now_ = Steady::now();
  for (const epoll_event& event : events) {
    client::MqttConnection& client = *clients_[event.data.u64];
    if (client.lost()) continue;
    if (Status went = client.on_ready(event.events, buffer_); !went) {
      counts_.error(fmt::format("connection {}: {}", client.number(), went.error().detail));
    }
    if (!publishing_) continue;
    now_ = Steady::now();
    publish_due();
  }
}

// Lets messages in flight arrive; subscribers also wait for the other threads' messages.
void Worker::drain() {
  const auto on_its_way = [this] {
    return std::ranges::any_of(
        clients_, [](const auto& client) { return !client->lost() && client->in_flight() != 0; });
  };
  const auto progress = [this] { return taken_ + arrived_; };
  const auto go_on = [&](const auto& wanted) {
    Moment last = now_;
    for (std::uint64_t before = progress(); wanted() && now_ - last < kLastArrivals;) {
      handle_events(kIdle_ms);
      if (std::exchange(before, progress()) != progress()) last = now_;
    }
  };
  go_on(on_its_way);
  shared_.taken += taken_;
  --shared_.publishing;
  if (subscribers() > 0) {
    go_on([this] { return shared_.publishing != 0 || arrived_ < shared_.taken * subscribers(); });
  }
}

Status check(const MqttLoad& load) {
  const auto wrong = [](std::string what) { return fail(ErrorCode::kBadParams, std::move(what)); };
  if (load.connections > load.devices.size()) {
    return wrong(fmt::format("{} connections need as many devices; there are {}", load.connections,
                             load.devices.size()));
  }
  if (load.to.empty()) return wrong("there is no server");
  if (load.payloads.empty()) return wrong("there is nothing to publish");
  if (load.window == 0 || load.window > kMaxWindow) {
    return wrong(fmt::format("a window of {} is not between 1 and {}", load.window, kMaxWindow));
  }
  if (load.threads == 0 || load.threads > load.connections) {
    return wrong("threads must be at least one, and at most as many as connections");
  }
  if (load.in_turn && (load.threads != 1 || load.rate > 0)) {
    return wrong("messages in turn are sent by one thread, without a rate");
  }
  return {};
}

}  // namespace

Result<Summary> run(const MqttLoad& load) {
  GL_TRY(check(load));
  Shared shared{.run = BenchmarkRun(load.threads, load.timing, load.server),
                .tls = nullptr,
                .publishing = load.threads};
  if (!load.ca.empty()) {
    GL_TRY(auto tls, client::tls_client(load.ca));
    shared.tls = std::move(tls);
  }
  std::vector<std::unique_ptr<Worker>> workers;
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < load.threads; ++i) {
      workers.push_back(std::make_unique<Worker>(load, shared, i, load.threads));
      threads.emplace_back([worker = workers.back().get()] { worker->run(); });
    }
  }
  Summary summary{.what = "mqtt",
                  .connections = static_cast<unsigned>(load.connections),
                  .counts = {},
                  .cost = shared.run.cost(),
                  .acknowledged = shared.taken,
                  .arrivals = {}};
  for (const auto& worker : workers) {
    if (!worker->outcome()) return std::unexpected(worker->outcome().error());
    summary.counts.merge(worker->counts());
  }
  if (load.subscriber) {
    summary.arrivals = {.expected = shared.taken * load.subscriber->connections,
                        .arrived = workers.front()->arrived()};
  }
  return summary;
}

}  // namespace gridloom::bench
