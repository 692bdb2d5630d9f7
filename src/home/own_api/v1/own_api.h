// Gridloom's own interface, /api/v1: which routes there are, and their answers. The caller is known
// before (api/api.h): a program by its token, a person by the cookie of a session, or an account by
// its signature.
//
// The table of routes is also what /openapi.json is made of (own_api/v1/descriptions.h): a route
// that is not described cannot be added, and its bodies are those that api/bodies describes.
// Everything here runs on the loop of the request and does not block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/gate/callers.h"
#include "api/message/answer_form.h"
#include "api/message/device_rows.h"
#include "api/schema/body.h"
#include "base/loop.h"
#include "base/result.h"
#include "base/string_map.h"
#include "http/message.h"
#include "overview/freshness.h"
#include "own_api/bodies/device.h"
#include "own_api/history/history_api.h"
#include "own_api/services/services.h"
#include "own_api/v1/admin_api.h"
#include "own_api/v1/command_api.h"
#include "own_api/v1/consumer_api.h"
#include "own_api/v1/device_list.h"
#include "own_api/v1/family_texts.h"
#include "own_api/v1/own_queries.h"
#include "own_api/v1/session_api.h"
#include "registry/directory.h"
#include "wire/json.h"

namespace gridloom::api {

// The callers who may ask for a route at all.
enum class Access : std::uint8_t {
  kEverybody,  // also without any credential
  kVisitors,   // likewise, or with the cookie of a session that has ended: 204 without a handler
  kCallers,    // with a token, a session or a signature
  kSignedInPeople  // with a session only: tokens must not outlive themselves by it
};

// Whether an answer may be kept on its way, and compressed.
enum class Keeping : std::uint8_t {
  kOfMoment,  // no cache keeps it
  kSecret,    // may have a credential: no cache keeps it, and it is not compressed (SECURITY.md)
  kTagged     // the same for everybody as long as the server runs: has an ETag
};

class OwnApi {
 public:
  OwnApi(const Services& services, Loop& loop);

  // A request, and its caller.
  struct Call {
    const http::Request& request;  // until the handler returns
    Caller caller;                 // its pointers are valid until the handler returns
    std::string named;             // what stands in the path for {sn}, {family}, {session}, {token}
                                   // or {operation}
    std::string inner{};           // likewise, for {command}
    wire::JsonObject params;       // of the query; of a signed request without a body, all
    wire::JsonObject body;
    AnswerForm form;
    Callback<http::Response> done;
  };

  struct Route {
    http::Method method = http::Method::kGet;
    std::string_view path;  // {sn} stands for a serial number, {family} for a family's id,
                            // {session} and {token} for a number, {operation} for a name,
                            // {command} for the id of one
    registry::Scope scope = registry::Scope::kRead;
    std::string_view id;       // unique; clients that are generated name their functions after it
    std::string_view summary;  // a sentence
    std::span<const OwnParameter> query{};
    schema::BodyOf body = nullptr;    // of the request; null: it has none
    schema::BodyOf answer = nullptr;  // null: it has none (204), or no JSON
    Access access = Access::kCallers;
    Keeping keeping = Keeping::kOfMoment;
    std::span<const std::string_view> text_types{};  // of an answer that is no JSON
    void (OwnApi::*handler)(Call call) const = nullptr;
    // Answers instead of it, for a browser that is signed in.
    void (SessionApi::*for_session)(SessionApi::Call call) const = nullptr;
    // Answers instead of it as well.
    void (ConsumerApi::*for_consumer)(ConsumerApi::Call call) const = nullptr;
  };
  [[nodiscard]] static std::span<const Route> routes();

  struct Found {
    const Route* route = nullptr;
    std::string_view named;  // points into the path, as the next one
    std::string_view inner{};
  };
  // kNotFound: there is nothing at the path; kConflict: not by this method, the detail lists those
  // that there are. HEAD is answered as GET.
  [[nodiscard]] static Result<Found> find(http::Method method, std::string_view path);

  // Only with a scope that permits what the route asks for, kNoPermission otherwise, and without
  // parameters and members that the route does not have, kBadParams otherwise.
  void handle(const Route& route, Call call) const;

 private:
  struct Table;  // of the routes
  void me(Call call) const;
  void home(Call call) const;
  void home_energy(Call call) const;
  void home_series(Call call) const;
  void devices(Call call) const;
  void device(Call call) const;
  void families(Call call) const;
  void family(Call call) const;
  void energy(Call call) const;
  void history(Call call) const;
  void events(Call call) const;
  void device_events(Call call) const;
  void command(Call call) const;
  void commands(Call call) const;
  void command_status(Call call) const;
  void bridges(Call call) const;
  void sign_in(Call call) const;
  void sign_out(Call call) const;
  void set_password(Call call) const;
  void operations(Call call) const;
  void run_operation(Call call) const;

  // Views of the directory and of the catalogue; without its presence.
  [[nodiscard]] body::DeviceBody description(const registry::Directory& directory,
                                             const registry::Device& device,
                                             registry::AccountId account) const;

  const Services& services_;
  Loop& loop_;  // answers are delivered on it
  HistoryApi history_;
  SessionApi sessions_;
  AdminApi admin_;
  CommandApi commands_;
  ConsumerApi consumers_;
  std::unique_ptr<FamilyTexts> families_;
  std::unique_ptr<DeviceRows> device_rows_;
};

// Whether the answer of the route may be compressed: it has no secret, and the request changes
// nothing.
[[nodiscard]] bool may_compress(const OwnApi::Route& route);

}  // namespace gridloom::api
