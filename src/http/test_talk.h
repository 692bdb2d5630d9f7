// A conversation with an HTTP session, as a value: bytes in, bytes out, responses at once or on
// request. Like ConnectionIo, it fetches the output whenever the session wakes it, or
// has any after a step.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <regex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/immediate_loop.h"
#include "http/session.h"
#include "http/test_frames.h"

namespace gridloom::http {

// Replaces the trace ids, which are new each time.
inline std::string without_trace(const std::string& text) {
  static const std::regex kTrace("\"eagleEyeTraceId\":\"[0-9a-f]{32}\"");
  return std::regex_replace(text, kTrace, "\"eagleEyeTraceId\":\"<trace>\"");
}

class Talk {
 public:
  enum class Mqtt : std::uint8_t { kEcho, kNone };
  explicit Talk(Mqtt mqtt = Mqtt::kEcho, const SessionLimits& limits = {},
                const TrustedProxies* proxies = nullptr, std::string peer = "test") {
    net::MakeProtocol make;
    if (mqtt == Mqtt::kEcho) {
      make = [this](const net::ConnectionContext& context) {
        inner_peer = context.peer;
        return echo;
      };
    }
    session = std::make_shared<Session>(
        net::ConnectionContext{
            .loop = loop_, .wake = [this] { fetch(); }, .secure = false, .peer = std::move(peer)},
        [this](Request request, Callback<Response> done) {
          take(std::move(request), std::move(done));
        },
        limits, now, std::move(make), [this](const Request&) { return body_limit; },
        [this](const Session::Refused& refused) { refused_peer = refused.peer; }, Session::Live(),
        proxies);
  }
  Talk(const Talk&) = delete;
  Talk& operator=(const Talk&) = delete;
  ~Talk() = default;

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
  std::size_t body_limit = kAnyBody;
  bool fetches = true;  // otherwise the test takes the output itself
  std::vector<std::pair<std::string_view, std::string>> further;
  std::shared_ptr<BodySource> rest;                       // of the next response
  std::shared_ptr<Echo> echo = std::make_shared<Echo>();  // inside a WebSocket
  std::string inner_peer;                                 // of the WebSocket
  std::string refused_peer;                               // of the last request that was refused
  std::shared_ptr<Session> session;
  std::string out;
  std::vector<Request> requests;
  std::deque<std::pair<Response, Callback<Response>>> waiting;
  int deepest = 0;  // maximum nesting of handler calls

 private:
  void fetch() {
    if (fetches) session->take_output(out);
  }

  void take(Request request, Callback<Response> done) {
    deepest = std::max(deepest, ++inside_);
    std::string body(name_of(request.method));
    body.append(1, ' ').append(request.path);
    if (!request.query.empty()) body.append(1, '?').append(request.query);
    body.append(1, ' ').append(request.host).append(request.body);
    Response response{.status = 200, .content_type = "text/plain", .body = std::move(body)};
    response.headers = further;
    response.rest = std::exchange(rest, nullptr);
    requests.push_back(std::move(request));
    if (defer) {
      waiting.emplace_back(std::move(response), std::move(done));
    } else {
      done(std::move(response));
    }
    --inside_;
  }

  ImmediateLoop loop_;
  int inside_ = 0;
};

}  // namespace gridloom::http
