// A conversation with an HTTP session and its service, as a value: bytes in, bytes out, responses
// at once or on request. Like ConnectionIo, it fetches the output whenever the session wakes it, or
// has any after a step.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/loop.h"
#include "http/service.h"
#include "http/session.h"
#include "http/test_frames.h"

namespace gridloom::http {

// The headers that the service of a Talk wants, by their index in Request::headers.
inline constexpr std::size_t kKeyHeader = 0;
inline constexpr std::size_t kAgentHeader = 1;
inline constexpr std::size_t kListHeader = 2;
inline constexpr std::array kTalkHeaders = {
    WantedHeader{.name = "X-Key", .form = HeaderForm::kOnce},
    WantedHeader{.name = "X-Agent", .form = HeaderForm::kFirst},
    WantedHeader{.name = "X-List", .form = HeaderForm::kList},
};

struct SeenRefusal {
  std::string peer;
  std::string user;
  std::string path;
};

class Talk : public Service {
 public:
  enum class Mqtt : std::uint8_t { kEcho, kNone };
  explicit Talk(Mqtt mqtt = Mqtt::kEcho, const SessionLimits& limits = {},
                const TrustedProxies* proxies = nullptr, std::string peer = "test")
      : mqtt_(mqtt) {
    session = std::make_shared<Session>(
        net::ConnectionContext{
            .loop = loop_, .wake = [this] { fetch(); }, .secure = false, .peer = std::move(peer)},
        *this, limits, now, proxies);
  }
  Talk(const Talk&) = delete;
  Talk& operator=(const Talk&) = delete;
  ~Talk() override = default;

  [[nodiscard]] std::span<const WantedHeader> headers() const override { return kTalkHeaders; }
  // Below /few, only the first one is wanted.
  [[nodiscard]] std::size_t headers_for(std::string_view path) const override {
    return path.starts_with("/few") ? 1 : kTalkHeaders.size();
  }
  [[nodiscard]] std::size_t body_limit(const Request& /*head*/) const override {
    return allowed_body;
  }
  void handle(Request& request, Callback<Response> done) override {
    deepest = std::max(deepest, ++inside_);
    std::string body(name_of(request.method));
    body.append(1, ' ').append(request.path);
    if (!request.query.empty()) body.append(1, '?').append(request.query);
    body.append(1, ' ').append(request.host).append(request.body);
    Response response{.status = 200, .content_type = "text/plain", .body = std::move(body)};
    response.headers = further;
    response.rest = std::exchange(rest, nullptr);
    response.code = std::exchange(code, {});
    requests.push_back(request);
    if (defer) {
      waiting.emplace_back(std::move(response), std::move(done));
    } else {
      done(std::move(response));
    }
    --inside_;
  }
  [[nodiscard]] std::optional<Upgrade> find_upgrade(std::string_view path) const override {
    if (path != "/mqtt" || mqtt_ == Mqtt::kNone) return std::nullopt;
    return Upgrade{.protocol = "mqtt"};
  }
  [[nodiscard]] std::expected<std::shared_ptr<net::Protocol>, Response> open(
      const Request& /*request*/, net::ConnectionContext context) override {
    inner_peer = context.peer;
    if (refuses_socket)
      return std::unexpected(refusal({.status = 403, .why = "not for you", .path = {}}));
    return echo;
  }
  [[nodiscard]] Response refusal(const BadRequest& bad) const override {
    Response response{
        .status = bad.status,
        .body = fmt::format(R"({{"code":"{}","message":"{}"}})", bad.status, bad.why)};
    response.code = std::to_string(bad.status);
    response.why = bad.why;
    refused.path = bad.path;
    return response;
  }
  [[nodiscard]] std::string_view user_of(const Request& request) const override {
    return request.headers[kKeyHeader];
  }
  void on_refused(const Refused& last) override {
    refused.peer = last.peer;
    refused.user = last.user;
  }

  void send(std::string_view bytes) {
    session->receive(bytes, now);
    if (session->has_output()) fetch();
  }
  // Like ConnectionIo: nothing more is read while the session wants no input.
  void send_in_pieces(std::string_view bytes, std::size_t piece) {
    while (!bytes.empty() && session->wants_input()) {
      send(bytes.substr(0, piece));
      bytes.remove_prefix(std::min(piece, bytes.size()));
    }
  }
  // Answers the oldest waiting request, if any.
  void answer() {
    if (waiting.empty()) return;
    auto [response, done] = std::move(waiting.front());
    waiting.pop_front();
    done(std::move(response));
    if (session) fetch();
  }
  void pass(Millis time) {
    now += time;
    session->tick(now);
    if (session->has_output()) fetch();
  }
  std::string take() { return std::exchange(out, {}); }
  [[nodiscard]] bool finished() const { return session->finished(); }

  TimePoint now{Millis(1'700'000'000'000)};
  bool defer = false;
  std::size_t allowed_body = kAnyBody;  // what body_limit() says
  bool fetches = true;                  // otherwise the test takes the output itself
  std::vector<std::pair<std::string_view, std::string>> further;
  std::shared_ptr<BodySource> rest;                       // of the next response
  std::shared_ptr<Echo> echo = std::make_shared<Echo>();  // inside a WebSocket
  std::string inner_peer;                                 // of the WebSocket
  bool refuses_socket = false;                            // no WebSocket is opened
  mutable SeenRefusal refused;                            // of the last request that was refused
  std::string code;                                       // of the next response, if not empty
  std::shared_ptr<Session> session;
  std::string out;
  std::vector<Request> requests;
  std::deque<std::pair<Response, Callback<Response>>> waiting;
  int deepest = 0;  // maximum nesting of handler calls

 private:
  void fetch() {
    if (fetches) session->take_output(out);
  }

  Mqtt mqtt_;
  ImmediateLoop loop_;
  int inside_ = 0;
};

}  // namespace gridloom::http
