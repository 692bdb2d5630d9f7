// The signed HTTP API of the vendor's documents, Gridloom's own (http/own_api.h), /openapi.json,
// /healthz and /metrics: requests in, responses out.
//
// A request of Gridloom's own API is signed, or has a token or the cookie of a session; the answers
// differ in form (http/answer_form.h).
//
// There is one Api per loop; it caches keyed signature contexts for the access keys it has seen. It
// holds no sockets and never blocks: data of a device's twin come back through the hub, its history
// from the archive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/failure_budget.h"
#include "base/loop.h"
#include "base/result.h"
#include "base/shared_text.h"
#include "base/string_map.h"
#include "http/answer_form.h"
#include "http/device_rows.h"
#include "http/history_api.h"
#include "http/live_feed.h"
#include "http/message.h"
#include "http/own_api.h"
#include "http/page.h"
#include "http/request_rate.h"
#include "http/session_api.h"
#include "http/sign_in.h"
#include "hub/hub.h"
#include "net/protocol.h"
#include "wire/replay_guard.h"
#include "wire/signing.h"

namespace gridloom::http {

// The MQTT broker address that /certification reports to apps.
struct BrokerAddress {
  std::string public_host;  // empty: the host that the request was sent to
  std::uint16_t port = 0;
  bool secure = true;
};

struct Health {
  bool good = true;
  std::string text;  // a JSON object
};

class Api {
 public:
  struct Options {
    hub::Hub* hub = nullptr;
    Loop* loop = nullptr;    // responses are delivered on it
    history::Reads reads{};  // executes history queries
    history::SeriesLimits series{};
    BrokerAddress mqtt{};
    std::function<std::string()> metrics{};  // the text of /metrics
    std::function<Health()> health{};        // /healthz
    wire::SigningLimits signing{};
    RequestRate* rate = nullptr;           // shared by all loops; null: any rate
    wire::ReplayGuard* replays = nullptr;  // shared by all loops; null: any timestamp, any replay
    // Replay protection for the requests that change or reveal most (sets, and the certification
    // with its password), applied to `guarded` requests if `replays` is null.
    wire::ReplayGuard* guard = nullptr;
    FailureBudget* failures = nullptr;  // shared by all listeners; null: no limit of failures
    const Page* page = nullptr;         // shared by all loops; null: there are no pages
    HomeFeed* homes = nullptr;          // shared by all loops
    LiveFeed* live = nullptr;           // shared by all loops; null: there is no live stream
    SignIn* sign_in = nullptr;          // shared by all loops; null: no browser can sign in
    Administration* administration = nullptr;    // shared by all loops; null: none over HTTP
    const VirtualClock* virtual_time = nullptr;  // the devices' clock, if it is one
  };
  explicit Api(Options options);

  // All endpoints, one method each: "GET /healthz" and so on, those where a WebSocket is opened
  // included; HEAD is allowed where GET is answered. {sn} stands for a serial number.
  [[nodiscard]] static std::vector<std::string> endpoints();

  // The request is not used after the return, `done` may be.
  void handle(const Request& request, Callback<Response> done);
  // The protocol of the live stream for a request that may open it, or the refusal.
  [[nodiscard]] std::expected<std::shared_ptr<net::Protocol>, Response> open_live(
      const Request& request, net::ConnectionContext context);
  // Decides by the head of a request that has a body how much of it handle() will use; 0: nothing
  // (Session::BodyLimit).
  [[nodiscard]] std::size_t body_limit(const Request& head) const;
  // To be called a few times a second: sends responses that an injected platform fault delays.
  void tick();

 private:
  struct Call {
    const Request& request;  // until the handler returns
    wire::JsonObject params;
    registry::AccountId account{};
    AnswerForm form;
    Callback<Response> done;
  };
  using Handler = void (Api::*)(Call call) const;
  struct Route;

  [[nodiscard]] static std::span<const Route> table();
  [[nodiscard]] static const Route* find_route(std::string_view path);
  // The account that signed a request, and the parameters as they were read for its signature.
  struct Signed {
    registry::AccountId account{};
    wire::ReadParameters read{};
  };
  void handle_own(const Request& request, Callback<Response> done);
  // The caller of a request with a token of this hash.
  [[nodiscard]] Result<OwnApi::Caller> token_holder(const Request& request, std::string_view hash,
                                                    const registry::Directory& directory,
                                                    TimePoint now) const;
  // The caller of a request with a cookie of this hash.
  [[nodiscard]] Result<OwnApi::Caller> session_holder(const Request& request, std::string_view hash,
                                                      const registry::Directory& directory,
                                                      TimePoint now) const;
  // The value of our cookie in the request; empty: it has none.
  [[nodiscard]] std::string_view cookie_of(const Request& request) const;
  // The header Authorization; empty if there is none, or if it is a proxy's own password.
  [[nodiscard]] std::string_view authorization_of(const Request& request) const;
  // Whether the request counts by the cookie of a session.
  [[nodiscard]] bool is_by_cookie(const Request& request) const {
    return authorization_of(request).empty() && !cookie_of(request).empty();
  }
  // The name of what the request is signed or authorized with, for limits: the access key, or the
  // hash of the token or the cookie.
  [[nodiscard]] std::string credential_of(const Request& request) const;
  // Answers a route that is for everybody, which has no caller yet.
  void handle_without_caller(const OwnApi::Route& route, const Request& request,
                             const AnswerForm& form, Callback<Response> done);
  // The caller by the token or the cookie of a request.
  [[nodiscard]] Result<OwnApi::Caller> holder(const Request& request, std::string_view hash,
                                              const registry::Directory& directory,
                                              TimePoint now) const;
  // 421 if the request names a host that is not this server.
  [[nodiscard]] std::optional<Response> of_wrong_host(const Request& request,
                                                      const AnswerForm& form) const;
  [[nodiscard]] Result<Signed> signed_by(const Request& request, wire::SignedRequest claim,
                                         TimePoint now);
  [[nodiscard]] Status verified(const Request& request, wire::SignedRequest claim,
                                const registry::AccessKey& key, wire::ReadParameters& read);
  // Checks limits before any work is spent on a request: 429 if its address or its credential, a
  // key or a token, has no credit.
  [[nodiscard]] std::optional<Response> without_credit(const Request& request,
                                                       std::string_view credential,
                                                       const AnswerForm& form, TimePoint now) const;
  // Tells the connection whose request it is, and takes a token from the rate of its credential.
  [[nodiscard]] std::optional<Response> without_rate(const Request& request,
                                                     std::string_view credential,
                                                     registry::AccountId account,
                                                     const AnswerForm& form, TimePoint now) const;
  // Applies injected platform faults to the request about `sn`, which may be empty; false if it was
  // answered.
  [[nodiscard]] bool apply_faults(const Request& request, registry::AccountId account,
                                  std::string_view sn, const AnswerForm& form,
                                  Callback<Response>& done);
  [[nodiscard]] TimePoint now() const;
  [[nodiscard]] Response too_many_requests(Millis wait, const AnswerForm& form) const;
  [[nodiscard]] Result<wire::KeyedMac*> mac_of(const registry::AccessKey& key);

  void list(Call call) const;
  [[nodiscard]] std::vector<DeviceRow> listed(const registry::Directory& directory,
                                              registry::AccountId account) const;
  void certification(Call call) const;
  void quota(Call call) const;
  void set_quota(Call call) const;
  void quota_all(Call call) const;
  void quota_data(Call call) const;
  void main_sn(Call call) const;

  [[nodiscard]] static wire::SignedRequest claim_of(const Request& request);
  [[nodiscard]] static HistoryApi::Call history_call(Call call);
  // Moves what the response needs out of the call.
  hub::ReplyTo<hub::DeviceAnswer> reply_to_of(Call& call) const;

  struct Keyed {
    Secret secret;
    wire::KeyedMac mac;
  };

  Options options_;
  HistoryApi history_;
  SessionApi sessions_;
  OwnApi own_;
  std::unique_ptr<DeviceRows> device_rows_;  // of device/list
  StringMap<Keyed> macs_;
  struct Late {
    TimePoint due;
    Response response;
    Callback<Response> done;
  };
  std::vector<Late> late_;
};

}  // namespace gridloom::http
