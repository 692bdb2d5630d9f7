// The signed HTTP API of the documents, plus /healthz and /metrics: requests in, answers out.
//
// One Api a loop: it keeps keyed signature contexts for the keys it has seen. It holds no sockets
// and never waits; what needs a device's twin comes back through the hub, what needs its history
// from the archive.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/failure_budget.h"
#include "base/loop.h"
#include "base/result.h"
#include "base/string_map.h"
#include "http/history_api.h"
#include "http/message.h"
#include "http/request_rate.h"
#include "hub/hub.h"
#include "wire/replay_guard.h"
#include "wire/signing.h"

namespace gridloom::http {

// Where /certification sends apps.
struct MqttPlace {
  std::string public_host;  // empty: the host that the request came to
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
    Loop* loop = nullptr;    // answers come on it
    history::Reads reads{};  // what questions about history are answered with
    history::SeriesLimits series{};
    MqttPlace mqtt{};
    std::function<std::string()> metrics{};  // the text of /metrics
    std::function<Health()> health{};        // /healthz
    wire::SigningLimits signing{};
    RequestRate* rate = nullptr;           // shared by all loops; null: any rate
    wire::ReplayGuard* replays = nullptr;  // shared by all loops; null: any time, any number
    // The same for what changes or reveals most, in requests that are guarded: sets, and the
    // certification with its password.
    wire::ReplayGuard* guard = nullptr;
    FailureBudget* failures = nullptr;  // shared by all listeners; null: any number may fail
  };
  explicit Api(Options options);

  // What there is to ask, "GET /healthz" and so on, a method each; HEAD goes with GET. {sn} stands
  // for a serial number.
  [[nodiscard]] static std::vector<std::string> endpoints();

  void handle(Request request, Done<Response> done);
  // By the head of a request that has a body: whether handle() will look at it.
  [[nodiscard]] bool wants_body(const Request& head) const;
  // A few times a second: sends answers that a misdeed holds back.
  void tick();

 private:
  struct Call {
    Request request;
    wire::JsonObject params;
    registry::AccountId account{};
    std::string trace_id;
    Done<Response> done;
  };
  using Verb = void (Api::*)(Call call) const;
  struct Route;

  [[nodiscard]] static std::span<const Route> table();
  [[nodiscard]] static const Route* find_route(std::string_view path);
  [[nodiscard]] Result<registry::AccountId> signed_by(const Request& request,
                                                      wire::SignedRequest claim, TimePoint now);
  [[nodiscard]] Status verified(const Request& request, wire::SignedRequest claim,
                                const registry::AccessKey& key);
  // Before anything is spent on a request: 429 if its address or its key has no credit.
  [[nodiscard]] std::optional<Response> without_credit(const Request& request, TimePoint now) const;
  // Does with the call what the platform was told to do badly. False: nothing is left to be done.
  [[nodiscard]] bool misdo(Call& call);
  [[nodiscard]] TimePoint now() const;
  [[nodiscard]] static Response too_many(Millis wait, std::string_view why);
  [[nodiscard]] Response too_many_requests(Millis wait) const;
  [[nodiscard]] Result<wire::KeyedMac*> mac_of(const registry::AccessKey& key);

  void list(Call call) const;
  void certification(Call call) const;
  void quota(Call call) const;
  void set_quota(Call call) const;
  void quota_all(Call call) const;
  void quota_data(Call call) const;
  void of_device(Call call) const;
  void main_sn(Call call) const;

  [[nodiscard]] static HistoryApi::Call history_call(Call call);
  // Takes what the answer needs out of the call.
  template <typename T>
  hub::Asker<T> asker_of(Call& call) const;

  struct Keyed {
    Secret secret;
    wire::KeyedMac mac;
  };

  Options options_;
  HistoryApi history_;
  StringMap<Keyed> macs_;
  struct Late {
    TimePoint due;
    Response response;
    Done<Response> done;
  };
  std::vector<Late> late_;
};

}  // namespace gridloom::http
