#include "own_api/v1/descriptions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <ranges>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "api/message/envelope.h"
#include "api/schema/json_schema.h"
#include "api/schema/typescript.h"
#include "own_api/bodies/live.h"
#include "own_api/v1/own_api.h"
#include "own_api/v1/own_queries.h"
#include "wire/json.h"
#include "wire/signing.h"

namespace gridloom::api {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

using Route = OwnApi::Route;

bool takes(const Route& route, std::string_view parameter) {
  return std::ranges::find(route.query, parameter, &OwnParameter::name) != route.query.end();
}

bool always(const Route& /*route*/) { return true; }

bool has_body(const Route& route) { return route.body != nullptr; }

// Whether a browser's session may ask, which is for the server's own host name only.
bool is_for_sessions(const Route& route) { return route.scope != registry::Scope::kAdmin; }

// A serial number that is not known is answered as one that is not the account's.
bool may_name_nothing(const Route& route) {
  const auto holes = std::ranges::count(route.path, '{');
  return holes > (route.path.contains("{sn}") ? 1 : 0) || route.access == Access::kEverybody ||
         route.scope == registry::Scope::kAdmin;
}

// The route whose requests may have an id.
constexpr std::string_view kSendsCommand = "sendCommand";
// The route whose work is an operation of administration.
constexpr std::string_view kRemovesToken = "removeToken";

bool may_conflict(const Route& route) {
  return route.id == kSendsCommand || route.id == kRemovesToken ||
         route.scope == registry::Scope::kAdmin || route.path.starts_with("/api/v1/home") ||
         route.path.starts_with("/api/v1/evcc") || route.path == wire::kHomeMetrics ||
         takes(route, "state");
}

// History has queues, and what changes anything waits for the disk.
bool may_be_busy(const Route& route) {
  return takes(route, "from") || route.method != http::Method::kGet;
}

bool waits_for_a_device(const Route& route) {
  return route.method == http::Method::kPost && route.scope != registry::Scope::kRead;
}

struct Failure {
  std::string_view status;
  std::string_view text;
  bool (*is_of)(const Route& route);
};
constexpr auto kFailures = std::to_array<Failure>({
    {"400",
     "A parameter or the body is wrong, or has a name that is not known; the message names it and "
     "what is valid.",
     &always},
    {"401", "There is no token or session, or no account has it, or it has ended.", &always},
    {"403", "The device is unknown or not the account's, or the token's scope is too small.",
     &always},
    {"404", "There is nothing of this name.", &may_name_nothing},
    {"408", "The request did not come to its end in time.", &always},
    {"409", "It cannot be done now; the message says why.", &may_conflict},
    {"413", "The body is too large.", &has_body},
    {"421", "A browser asked for a host name that is not the server's.", &is_for_sessions},
    {"429", "Too many requests; Retry-After says when to ask again.", &always},
    {"431", "The request's header is too large.", &always},
    {"500", "The server failed; its log has the reason.", &always},
    {"503", "The server cannot answer now; Retry-After says when to ask again.", &may_be_busy},
    {"504", "The device is not connected, or did not answer in time.", &waits_for_a_device},
});

constexpr std::array kPathParameters = {
    OwnParameter{"sn",
                 "Serial number of the device",
                 true,
                 {.pattern = "^[A-Za-z0-9._-]+$", .example = "R331ZEB4ZEAL0528"}},
    OwnParameter{"family",
                 "Id of the family, as delta_2",
                 true,
                 {.pattern = "^[a-z0-9_]+$", .example = "delta_2"}},
    OwnParameter{"session",
                 "Number of the session, as listed",
                 true,
                 {.type = schema::kType<std::int64_t>, .least = 1, .example = "3"}},
    OwnParameter{"token",
                 "Number of the token, as listed",
                 true,
                 {.type = schema::kType<std::int64_t>, .least = 1, .example = "3"}},
    OwnParameter{"operation",
                 "Name of the operation, as device.add",
                 true,
                 {.pattern = "^[a-z.-]+$", .example = "device.list"}},
    OwnParameter{"command",
                 "Id of the command",
                 true,
                 {.pattern = "^[A-Za-z0-9._~-]{1,64}$", .example = "quiet-1"}},
};
constexpr OwnParameter kCommandId{
    "Idempotency-Key",
    "Id of the command: a request that repeats one does nothing twice, and is answered by the "
    "state of the first",
    false,
    {.pattern = "^[A-Za-z0-9._~-]{1,64}$", .example = "quiet-1"}};

// The tags of routes, by the beginnings of their paths; the first that fits.
struct Tag {
  std::string_view path;
  std::string_view name;
  std::string_view text;
};
constexpr auto kTags = std::to_array<Tag>({
    {"/api/v1/me", "Account", "Who asks, and what signs a browser in"},
    {"/api/v1/session", "Account", {}},
    {"/api/v1/tokens", "Account", {}},
    {"/api/v1/shares", "Account", {}},
    {"/api/v1/bridges", "Account", {}},
    {"/api/v1/home", "Home", "The home as a whole"},
    {"/api/v1/evcc", "Home", {}},
    {"/metrics/home", "Home", {}},
    {"/api/v1/devices/{sn}/", "Device", "The past, the events and the commands of a device"},
    {"/api/v1/devices", "Devices", "Devices and their values"},
    {"/api/v1/families", "Families", "What devices report and understand"},
    {"/api/v1/events", "Events", "What happened to devices"},
    {"/api/v1/live", "Live", "The stream of changes"},
    {"/api/v1/admin", "Administration", "For tokens of administrators"},
});

// Every path begins as one of the table does (tested).
std::string_view tag_of(std::string_view path) {
  const auto* const found =
      std::ranges::find_if(kTags, [path](const Tag& tag) { return path.starts_with(tag.path); });
  return found == kTags.end() ? std::string_view() : found->name;
}

JsonArray tags() {
  JsonArray all;
  for (const Tag& tag : kTags) {
    if (tag.text.empty()) continue;
    all.emplace_back(JsonObject{{"name", tag.name}, {"description", tag.text}});
  }
  return all;
}

Json json_content(schema::BodyOf body) {
  return JsonObject{{"application/json", JsonObject{{"schema", schema::reference(body().name)}}}};
}

JsonObject schema_of(const ParameterForm& form) {
  JsonObject schema{{"type", "string"}};
  if (form.type.kind == schema::TypeKind::kWords) {
    JsonArray words;
    for (const std::string_view word : form.type.words()) words.emplace_back(word);
    schema["enum"] = std::move(words);
  } else if (form.type.kind == schema::TypeKind::kInteger) {
    schema["type"] = "integer";
    if (form.least) schema["minimum"] = *form.least;
    if (form.most) schema["maximum"] = *form.most;
  } else if (!form.pattern.empty()) {
    schema["pattern"] = form.pattern;
  }
  if (!form.is_list) return schema;
  return {{"type", "array"}, {"items", std::move(schema)}, {"minItems", 1}};
}

Json example_of(const ParameterForm& form) {
  if (form.type.kind == schema::TypeKind::kInteger) return *wire::parse_json(form.example);
  if (!form.is_list) return Json(form.example);
  JsonArray values;
  for (const auto part : std::views::split(form.example, ',')) {
    values.emplace_back(std::string_view(part));
  }
  return values;
}

JsonObject parameter(const OwnParameter& of, std::string_view in) {
  JsonObject made{{"name", of.name},
                  {"in", in},
                  {"required", of.required},
                  {"description", of.text},
                  {"schema", schema_of(of.form)}};
  if (of.form.is_list) {  // separated by commas, and not one parameter each
    made["style"] = "form";
    made["explode"] = false;
  }
  if (!of.form.example.empty()) made["example"] = example_of(of.form);
  return made;
}

JsonArray parameters_of(const Route& route) {
  JsonArray all;
  for (const OwnParameter& each : kPathParameters) {
    if (route.path.contains(fmt::format("{{{}}}", each.name))) {
      all.emplace_back(parameter(each, "path"));
    }
  }
  for (const OwnParameter& each : route.query) all.emplace_back(parameter(each, "query"));
  if (route.id == kSendsCommand) all.emplace_back(parameter(kCommandId, "header"));
  return all;
}

// The callers who may ask, as a sentence.
std::string access_text(const Route& route) {
  if (route.access == Access::kEverybody) return "Needs no credential.";
  if (route.access == Access::kVisitors) return "Answers without a credential too.";
  if (route.access == Access::kSignedInPeople) return "For a browser that is signed in.";
  std::string_view scopes = name_of(route.scope);
  if (route.scope == registry::Scope::kRead) scopes = "read or control";
  if (route.scope == registry::Scope::kCard) scopes = "card, read or control";
  return fmt::format("The token's scope must be {}.", scopes);
}

JsonArray security_of(const Route& route) {
  JsonArray ways;
  if (route.access == Access::kEverybody) {
    ways.push_back(JsonObject());
    return ways;
  }
  if (route.access == Access::kVisitors) ways.push_back(JsonObject());
  if (route.access != Access::kSignedInPeople) ways.push_back(JsonObject{{"token", JsonArray()}});
  if (route.scope == registry::Scope::kAdmin) return ways;
  JsonObject session{{"session", JsonArray()}};
  if (route.method != http::Method::kGet) session["csrf"] = JsonArray();
  ways.push_back(std::move(session));
  return ways;
}

JsonObject failure(std::string_view text) {
  return {{"description", text}, {"content", json_content(&schema::body_of<body::Error>)}};
}

JsonObject success_of(const Route& route) {
  Json content = JsonObject();
  if (route.answer != nullptr) content = json_content(route.answer);
  for (const std::string_view type : route.text_types) {
    content.get_object()[type] = JsonObject{{"schema", JsonObject{{"type", "string"}}}};
  }
  const auto format = std::ranges::find(route.query, "format", &OwnParameter::name);
  if (format != route.query.end()) {
    content.get_object()["text/csv"] = JsonObject{
        {"schema", JsonObject{{"type", "string"}}},
        {"example",
         "time,pd.soc,local_time\r\n2026-11-01T12:00:00Z,77,2026-11-01T13:00:00+01:00\r\n"}};
  }
  JsonObject made{{"description", "Success"}, {"content", std::move(content)}};
  if (route.keeping == Keeping::kTagged) {
    made["headers"] =
        JsonObject{{"ETag", JsonObject{{"description", "For If-None-Match of the next request"},
                                       {"schema", JsonObject{{"type", "string"}}}}}};
  }
  return made;
}

JsonObject responses_of(const Route& route) {
  JsonObject responses;
  if (route.answer == nullptr && route.text_types.empty()) {
    responses["204"] = JsonObject{{"description", "Success"}};
  } else {
    responses["200"] = success_of(route);
  }
  if (route.access == Access::kVisitors) {
    responses["204"] = JsonObject{{"description", "Nobody is signed in"}};
  }
  if (route.id == kSendsCommand) {
    responses["202"] = JsonObject{{"description", "It was sent before, and is not answered yet"},
                                  {"content", json_content(route.answer)}};
  }
  if (route.keeping == Keeping::kTagged) {
    responses["304"] = JsonObject{{"description", "The answer is that of the ETag sent"}};
  }
  for (const Failure& each : kFailures) {
    if (each.is_of(route)) responses[each.status] = failure(each.text);
  }
  return responses;
}

JsonObject operation(const Route& route) {
  JsonObject made{{"operationId", route.id},         {"tags", JsonArray{Json(tag_of(route.path))}},
                  {"summary", route.summary},        {"description", access_text(route)},
                  {"security", security_of(route)},  {"parameters", parameters_of(route)},
                  {"responses", responses_of(route)}};
  if (route.body != nullptr) {
    made["requestBody"] = JsonObject{{"required", true}, {"content", json_content(route.body)}};
  }
  return made;
}

// The live stream is no route: its messages are in /asyncapi.json.
JsonObject live_operation() {
  constexpr std::string_view kPath = "/api/v1/live";
  JsonObject responses{
      {"101", JsonObject{{"description", "The stream is open: /asyncapi.json has its messages"}}},
      {"426", failure("The request opens no WebSocket of the sub-protocol gridloom.live.1.")}};
  const Route as{.path = kPath, .scope = registry::Scope::kCard, .id = "openLive", .summary = {}};
  for (const Failure& each : kFailures) {
    const bool is_of = each.is_of(as) && each.status != "500";
    if (is_of) responses[each.status] = failure(each.text);
  }
  return {{"operationId", "openLive"},
          {"tags", JsonArray{Json(tag_of(kPath))}},
          {"summary", "Opens the live stream, a WebSocket."},
          {"description", access_text(as)},
          {"security", security_of(as)},
          {"responses", std::move(responses)}};
}

std::string lower(std::string_view name) {
  std::string text(name);
  for (char& letter : text) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter + ('a' - 'A'));
  }
  return text;
}

std::string make_open_api() {
  JsonObject paths;
  for (const Route& route : OwnApi::routes()) {
    Json& item = paths[route.path];
    if (!item.is_object()) item = JsonObject();
    item.get_object()[lower(name_of(route.method))] = operation(route);
  }
  paths["/api/v1/live"] = JsonObject{{"get", live_operation()}};
  const JsonObject bearer{{"type", "http"},
                          {"scheme", "bearer"},
                          {"description", "A token that `gridloom token add` has made"}};
  const JsonObject session{{"type", "apiKey"},
                           {"in", "cookie"},
                           {"name", "gl-INSTANCE"},
                           {"description", "The cookie that POST /api/v1/session sets"}};
  const JsonObject csrf{{"type", "apiKey"},
                        {"in", "header"},
                        {"name", "X-Gridloom-CSRF"},
                        {"description", "The member csrf of GET /api/v1/me"}};
  return wire::to_text(JsonObject{
      {"openapi", "3.1.0"},
      {"info", JsonObject{{"title", "Gridloom"},
                          {"version", "1"},
                          {"description",
                           "Devices, their values, history and energies, and commands to them. "
                           "Signed requests are accepted as well, and answered in the vendor's "
                           "envelope."},
                          {"license", JsonObject{{"name", "MIT"}, {"identifier", "MIT"}}}}},
      {"servers", JsonArray{JsonObject{{"url", "/"}}}},
      {"security", JsonArray{JsonObject{{"token", JsonArray()}}}},
      {"tags", tags()},
      {"paths", std::move(paths)},
      {"components",
       JsonObject{
           {"securitySchemes", JsonObject{{"token", bearer}, {"session", session}, {"csrf", csrf}}},
           {"schemas", schema::json_schemas(own_bodies())}}}});
}

}  // namespace

std::vector<schema::BodyOf> own_bodies() {
  std::vector<schema::BodyOf> bodies;
  for (const OwnApi::Route& route : OwnApi::routes()) {
    for (const schema::BodyOf body : {route.body, route.answer}) {
      const bool is_new = body != nullptr && std::ranges::find(bodies, body) == bodies.end();
      if (is_new) bodies.push_back(body);
    }
  }
  bodies.push_back(&schema::body_of<body::Error>);
  return bodies;
}

const SharedText& open_api() {
  static const SharedText text(make_open_api());
  return text;
}

namespace {

JsonObject reference(std::string_view to) { return {{"$ref", to}}; }

// Adds the messages to the channel and to the components; returns what an operation refers to.
JsonArray add_messages(std::span<const schema::BodyOf> bodies, JsonObject& channel,
                       JsonObject& components) {
  JsonArray references;
  for (const schema::BodyOf body : bodies) {
    const schema::Body& message = body();
    JsonObject described{{"name", message.name}, {"payload", schema::reference(message.name)}};
    if (!message.text.empty()) described["summary"] = message.text;
    components[message.name] = std::move(described);
    channel[message.name] = reference(fmt::format("#/components/messages/{}", message.name));
    references.emplace_back(reference(fmt::format("#/channels/live/messages/{}", message.name)));
  }
  return references;
}

JsonObject operation(std::string_view action, std::string_view summary, JsonArray messages) {
  return {{"action", action},
          {"channel", reference("#/channels/live")},
          {"summary", summary},
          {"messages", std::move(messages)}};
}

std::string make_async_api() {
  JsonObject of_channel;
  JsonObject messages;
  JsonArray told = add_messages(body::kServerMessages, of_channel, messages);
  JsonArray asked = add_messages(body::kClientMessages, of_channel, messages);
  std::vector<schema::BodyOf> bodies(body::kServerMessages.begin(), body::kServerMessages.end());
  bodies.insert(bodies.end(), body::kClientMessages.begin(), body::kClientMessages.end());
  JsonObject channel{
      {"address", "/api/v1/live"},
      {"title", "The live stream"},
      {"description",
       "A WebSocket with the sub-protocol gridloom.live.1. A program opens it with its token in "
       "the header Authorization, a browser with the cookie of its session."},
      {"messages", std::move(of_channel)},
      {"bindings", JsonObject{{"ws", JsonObject{{"method", "GET"}, {"bindingVersion", "0.1.0"}}}}}};
  JsonObject operations{
      {"tell", operation("send", "What the server tells a client.", std::move(told))},
      {"ask", operation("receive", "What a client asks the server for.", std::move(asked))}};
  return wire::to_text(JsonObject{
      {"asyncapi", "3.0.0"},
      {"info", JsonObject{{"title", "Gridloom's live stream"},
                          {"version", "1"},
                          {"description", "The home and the values of devices, as they change."},
                          {"license", JsonObject{{"name", "MIT"}}}}},
      {"defaultContentType", "application/json"},
      {"channels", JsonObject{{"live", std::move(channel)}}},
      {"operations", std::move(operations)},
      {"components",
       JsonObject{{"messages", std::move(messages)}, {"schemas", schema::json_schemas(bodies)}}}});
}

}  // namespace

const SharedText& async_api() {
  static const SharedText text(make_async_api());
  return text;
}

namespace {

constexpr std::string_view kOpening =
    "// Bodies of /api/v1 and messages of the live stream, as src/home/own_api/bodies describes "
    "them.\n"
    "// Made by a program: `build/dev/tools/gl_api_types > web/api/types.ts`.\n";

}  // namespace

std::string page_types() {
  static constexpr std::array kUnions = {
      schema::Union{.name = "ServerMessage", .bodies = body::kServerMessages},
      schema::Union{.name = "ClientMessage", .bodies = body::kClientMessages},
  };
  return std::string(kOpening) + schema::typescript(own_bodies(), kUnions);
}

}  // namespace gridloom::api
