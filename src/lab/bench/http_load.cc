#include "bench/http_load.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/read_file.h"
#include "client/http_client.h"
#include "client/http_request.h"
#include "client/poller.h"
#include "client/stream.h"
#include "wire/signing.h"

namespace gridloom::bench {
namespace {

constexpr std::size_t kMaxKey = 4096;  // bytes of a file
constexpr std::size_t kReadBytes = std::size_t{256} * 1024;
constexpr std::size_t kDifferentRequests = 512;
constexpr std::string_view kGood = R"({"code":"0")";
constexpr int kIdle_ms = 10;

Result<std::vector<std::string>> requests_of(const HttpLoad& load) {
  const std::string host = load.to.text();
  const bool puts = !load.body.empty();
  client::HttpRequest request{
      .method = puts ? "PUT" : "GET", .target = load.path, .host = host, .body = load.body};
  if (load.key.access_key.empty()) return std::vector{client::encode(request)};
  GL_TRY(auto mac, wire::KeyedMac::make(load.key.secret_key));
  const std::string timestamp = std::to_string(unix_ms(SystemClock().now()));
  std::vector<std::string> requests;
  std::string body;
  for (std::size_t i = 0; i < kDifferentRequests; ++i) {
    if (puts && !load.devices.empty()) {
      body = filled_in(load.body, load.devices[i % load.devices.size()]);
      request.body = body;
    }
    const std::string nonce = std::to_string(100'000 + i);
    client::Signature signature{
        .access_key = load.key.access_key, .nonce = nonce, .timestamp = timestamp};
    GL_TRY(const auto sign, client::sign(request, signature, mac));
    signature.sign = sign;
    requests.push_back(client::encode(request, signature));
  }
  return requests;
}

// One thread of the load.
class Worker {
 public:
  Worker(const HttpLoad& load, const std::vector<std::string>& requests,
         const client::TlsClient& tls, BenchmarkRun& run, unsigned number)
      : load_(load),
        requests_(requests),
        tls_(tls),
        run_(run),
        number_(number),
        buffer_(kReadBytes) {}

  void run();
  [[nodiscard]] const Status& outcome() const { return outcome_; }
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  struct LoadConnection {
    client::HttpConnection connection;
    Moment due;  // of the request in flight
    std::size_t request_bytes = 0;
    bool lost = false;
  };
  [[nodiscard]] Status connect();
  void ask_due();
  void ask(LoadConnection& connection, Moment due);
  void handle(LoadConnection& connection);
  [[nodiscard]] int patience_ms() const;
  void lose(LoadConnection& connection, const Error& fault);

  const HttpLoad& load_;
  const std::vector<std::string>& requests_;
  const client::TlsClient& tls_;
  BenchmarkRun& run_;
  unsigned number_;
  client::Poller poller_;
  std::vector<char> buffer_;
  std::vector<LoadConnection> connections_;
  std::deque<std::size_t> free_;  // connections without a request in flight
  std::size_t next_request_ = 0;
  Moment now_;
  Moment next_due_;
  Steady::duration interval_{};  // 0: without a rate
  Counts counts_;
  Status outcome_;
};

Status Worker::connect() {
  for (std::size_t i = number_; i < load_.connections; i += load_.threads) {
    GL_TRY(auto stream,
           client::connect(client::peer_at(load_.to), tls_, client::ConnectMode::kBlocking));
    connections_.push_back({.connection = client::HttpConnection(std::move(stream)), .due = {}});
    GL_TRY(poller_.add(connections_.back().connection.fd(), connections_.size() - 1));
  }
  return {};
}

void Worker::run() {
  outcome_ = run_.wait_for_all(connect());
  if (!outcome_) return;
  now_ = next_due_ = run_.begin();
  if (load_.rate > 0) {
    interval_ = std::chrono::duration_cast<Steady::duration>(
        std::chrono::duration<double>(static_cast<double>(load_.threads) / load_.rate));
  }
  for (std::size_t i = 0; i < connections_.size(); ++i) free_.push_back(i);
  while (!run_.over(now_)) {
    ask_due();
    const auto events = poller_.wait(patience_ms());
    now_ = Steady::now();
    for (const epoll_event& event : events) handle(connections_[event.data.u64]);
    if (number_ == 0) run_.sample(now_);
  }
}

// How long no request has to be sent.
int Worker::patience_ms() const {
  if (free_.empty()) return kIdle_ms;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_due_ - now_).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, kIdle_ms));
}

void Worker::ask_due() {
  while (!free_.empty() && (load_.rate <= 0 || next_due_ <= now_)) {
    LoadConnection& connection = connections_[free_.front()];
    free_.pop_front();
    ask(connection, load_.rate > 0 ? next_due_ : now_);
    next_due_ += interval_;
  }
}

void Worker::ask(LoadConnection& connection, Moment due) {
  const std::string& request = requests_[next_request_++ % requests_.size()];
  connection.due = due;
  connection.request_bytes = request.size();
  if (Status sent = connection.connection.ask(request); !sent) lose(connection, sent.error());
}

void Worker::handle(LoadConnection& connection) {
  if (connection.lost) return;
  const auto response = connection.connection.on_ready(buffer_);
  if (!response) return lose(connection, response.error());
  if (!*response) return;
  now_ = Steady::now();
  const bool good = (*response)->status == 200 &&
                    (load_.key.access_key.empty() || (*response)->body.starts_with(kGood));
  if (!good) {
    counts_.error(fmt::format("{} {}", (*response)->status, (*response)->body.substr(0, 200)));
  } else if (run_.measured(now_)) {
    ++counts_.operations;
    counts_.latencies.add(now_ - connection.due);
    counts_.bytes_sent += connection.request_bytes;
    counts_.bytes_received += (*response)->total_bytes;
  }
  free_.push_back(static_cast<std::size_t>(&connection - connections_.data()));
  ask_due();
}

void Worker::lose(LoadConnection& connection, const Error& fault) {
  connection.lost = true;
  counts_.error(fault.detail);
}

}  // namespace

Result<AccessKey> access_key_from(const std::filesystem::path& file) {
  GL_TRY(const auto text, read_text(file, kMaxKey));
  std::istringstream in(text);
  std::string access_key;
  std::string secret_key;
  if (!(in >> access_key >> secret_key)) {
    return fail(ErrorCode::kBadParams,
                fmt::format("{} must contain an access key and its secret key", file.string()));
  }
  return AccessKey{.access_key = access_key, .secret_key = Secret(secret_key)};
}

Result<Summary> run(const HttpLoad& load) {
  if (load.threads == 0 || load.threads > load.connections) {
    return fail(ErrorCode::kBadParams,
                "threads must be at least one, and at most as many as connections");
  }
  if (!load.body.empty() && load.key.access_key.empty()) {
    return fail(ErrorCode::kBadParams, "a PUT needs an access key");
  }
  GL_TRY(const auto requests, requests_of(load));
  client::TlsClient tls;
  if (!load.ca.empty()) {
    GL_TRY(auto made, client::tls_client(load.ca));
    tls = std::move(made);
  }
  BenchmarkRun run(load.threads, load.timing, load.server);
  std::vector<std::unique_ptr<Worker>> workers;
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < load.threads; ++i) {
      workers.push_back(std::make_unique<Worker>(load, requests, tls, run, i));
      threads.emplace_back([worker = workers.back().get()] { worker->run(); });
    }
  }
  Summary summary{.what = "http",
                  .connections = static_cast<unsigned>(load.connections),
                  .counts = {},
                  .cost = run.cost(),
                  .arrivals = {}};
  for (const auto& worker : workers) {
    if (!worker->outcome()) return std::unexpected(worker->outcome().error());
    summary.counts.merge(worker->counts());
  }
  return summary;
}

}  // namespace gridloom::bench
