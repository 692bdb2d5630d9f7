#include "api/v1/open_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "api/bodies/error.h"
#include "api/schema/json_schema.h"
#include "api/v1/own_api.h"
#include "wire/json.h"

namespace gridloom::api {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

struct Failure {
  std::string_view status;
  std::string_view text;
};
constexpr auto kFailures = std::to_array<Failure>({
    {"400", "A parameter or the body is wrong; the message names it and what is valid."},
    {"401", "There is no token or session, or no account has it, or it has ended."},
    {"403", "The device is unknown or not the account's, or the token's scope is too small."},
    {"404", "There is nothing of this name."},
    {"429", "Too many requests; Retry-After says when to ask again."},
    {"503", "The server cannot answer now; Retry-After says when to ask again."},
    {"504", "The device is not connected, or did not answer in time."},
});

constexpr auto kPathParameters = std::to_array<std::pair<std::string_view, std::string_view>>(
    {{"sn", "Serial number of the device"},
     {"family", "Id of the family, as delta_2"},
     {"session", "Number of the session, as listed"},
     {"operation", "Name of the operation, as device.add"},
     {"command", "Id of the command"}});

// The route whose requests may have an id.
constexpr std::string_view kSendsCommand = "sendCommand";

Json json_content(schema::BodyOf body) {
  return JsonObject{{"application/json", JsonObject{{"schema", schema::reference(body().name)}}}};
}

JsonArray parameters_of(const OwnApi::Route& route) {
  JsonArray all;
  for (const auto& [name, text] : kPathParameters) {
    if (!route.path.contains(fmt::format("{{{}}}", name))) continue;
    all.push_back(JsonObject{{"name", name},
                             {"in", "path"},
                             {"required", true},
                             {"description", text},
                             {"schema", JsonObject{{"type", "string"}}}});
  }
  if (route.id == kSendsCommand) {
    all.push_back(JsonObject{
        {"name", "Idempotency-Key"},
        {"in", "header"},
        {"required", false},
        {"description",
         "Id of the command: a request that repeats one does nothing twice, "
         "and is answered by the state of the first"},
        {"schema", JsonObject{{"type", "string"}, {"pattern", "^[A-Za-z0-9._~-]{1,64}$"}}}});
  }
  for (const OwnParameter& parameter : route.query) {
    JsonObject schema{{"type", "string"}};
    if (parameter.words != nullptr) {
      JsonArray words;
      for (const std::string_view word : parameter.words()) words.emplace_back(word);
      schema["enum"] = std::move(words);
    }
    all.push_back(JsonObject{{"name", parameter.name},
                             {"in", "query"},
                             {"required", parameter.required},
                             {"description", parameter.text},
                             {"schema", std::move(schema)}});
  }
  return all;
}

// Who may ask, as a sentence.
std::string access_text(const OwnApi::Route& route) {
  if (route.access == Access::kEverybody) return "Needs no credential.";
  if (route.access == Access::kSignedInPeople) return "For a browser that is signed in.";
  return fmt::format("The token's scope must be {}.", route.scope == registry::Scope::kRead
                                                          ? std::string_view("read or control")
                                                          : name_of(route.scope));
}

JsonArray security_of(const OwnApi::Route& route) {
  JsonArray ways;
  if (route.access == Access::kEverybody) {
    ways.push_back(JsonObject());
    return ways;
  }
  if (route.access == Access::kCallers) ways.push_back(JsonObject{{"token", JsonArray()}});
  if (route.scope == registry::Scope::kAdmin) return ways;
  JsonObject session{{"session", JsonArray()}};
  if (route.method != http::Method::kGet) session["csrf"] = JsonArray();
  ways.push_back(std::move(session));
  return ways;
}

JsonObject operation(const OwnApi::Route& route) {
  JsonObject responses;
  if (route.answer == nullptr) {
    responses["204"] = JsonObject{{"description", "Success"}};
  } else {
    responses["200"] =
        JsonObject{{"description", "Success"}, {"content", json_content(route.answer)}};
  }
  if (route.id == kSendsCommand) {
    responses["202"] = JsonObject{{"description", "It was sent before, and is not answered yet"},
                                  {"content", json_content(route.answer)}};
    responses["409"] = JsonObject{{"description", "The id is that of another command."},
                                  {"content", json_content(&schema::body_of<body::Error>)}};
  }
  for (const Failure& failure : kFailures) {
    responses[failure.status] = JsonObject{
        {"description", failure.text}, {"content", json_content(&schema::body_of<body::Error>)}};
  }
  if (route.scope == registry::Scope::kAdmin) {
    responses["409"] = JsonObject{{"description", "It cannot be done now; the message says why."},
                                  {"content", json_content(&schema::body_of<body::Error>)}};
  }
  JsonObject made{{"operationId", route.id},
                  {"summary", route.summary},
                  {"description", access_text(route)},
                  {"security", security_of(route)},
                  {"parameters", parameters_of(route)},
                  {"responses", std::move(responses)}};
  if (route.body != nullptr) {
    made["requestBody"] = JsonObject{{"required", true}, {"content", json_content(route.body)}};
  }
  return made;
}

std::string lower(std::string_view name) {
  std::string text(name);
  for (char& letter : text) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter + ('a' - 'A'));
  }
  return text;
}

std::string make() {
  JsonObject paths;
  for (const OwnApi::Route& route : OwnApi::routes()) {
    Json& item = paths[route.path];
    if (!item.is_object()) item = JsonObject();
    item.get_object()[lower(name_of(route.method))] = operation(route);
  }
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
  static const SharedText text(make());
  return text;
}

}  // namespace gridloom::api
