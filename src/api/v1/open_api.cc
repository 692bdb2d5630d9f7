#include "api/v1/open_api.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "api/v1/own_api.h"
#include "wire/json.h"

namespace gridloom::api {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

// What the routes' tables do not say: the forms of bodies. Times are Unix milliseconds unless they
// are text.
constexpr std::string_view kSchemas = R"({
"Me": {"type": "object", "required": ["account", "scope"], "properties": {
  "account": {"type": "string"},
  "scope": {"$ref": "#/components/schemas/Scope"},
  "token": {"type": "object", "required": ["number", "name"], "properties": {
    "number": {"type": "integer"},
    "name": {"type": "string"},
    "expiresAt": {"type": "integer", "description": "Unix milliseconds; absent: never"}}},
  "csrf": {"type": "string",
    "description": "For a session; X-Gridloom-CSRF of requests that change anything"},
  "instance": {"type": "string", "description": "Tells this server's cookie from others'"},
  "zone": {"type": "string", "description": "The server's time zone, as Europe/Berlin"},
  "now": {"type": "integer", "description": "The devices' time, Unix milliseconds"},
  "rate": {"type": "number", "description": "Seconds of the devices' time in a second; 0: paused"},
  "virtualTime": {"type": "boolean"},
  "passwordSet": {"type": "boolean"},
  "admin": {"type": "boolean"}}},
"SignIn": {"type": "object", "description": "Either a link, or an account with its password",
  "properties": {
  "link": {"type": "string", "description": "The token of a link of `gridloom sign-in`"},
  "account": {"type": "string"},
  "password": {"type": "string"}}},
"NewPassword": {"type": "object", "required": ["password"], "properties": {
  "password": {"type": "string", "minLength": 10},
  "current": {"type": "string", "description":
    "Unless none is set, or a link signed this browser in during the last ten minutes"}}},
"Sessions": {"type": "object", "required": ["sessions"], "properties": {
  "sessions": {"type": "array", "items": {"type": "object",
    "required": ["id", "current", "by", "made", "lastUsed", "client"], "properties": {
    "id": {"type": "integer"},
    "current": {"type": "boolean"},
    "by": {"type": "string", "enum": ["link", "password"]},
    "made": {"type": "integer", "description": "Unix milliseconds"},
    "lastUsed": {"type": "integer", "description": "Unix milliseconds, to within an hour"},
    "client": {"type": "string", "description": "How the browser names itself"}}}}}},
"Scope": {"type": "string", "enum": ["read", "control"]},
"Device": {"type": "object",
  "required": ["sn", "name", "family", "product", "owner", "rights", "online"], "properties": {
  "sn": {"type": "string"},
  "name": {"type": "string"},
  "family": {"type": "string", "description": "The device file's id"},
  "product": {"type": "string"},
  "owner": {"type": "string", "description": "Name of the account that owns it"},
  "rights": {"type": "string", "enum": ["owner", "full", "monitor"]},
  "online": {"type": "boolean"}}},
"Devices": {"type": "object", "required": ["devices"], "properties": {
  "devices": {"type": "array", "items": {"$ref": "#/components/schemas/Device"}}}},
"DeviceState": {"allOf": [{"$ref": "#/components/schemas/Device"}, {"type": "object",
  "required": ["faults", "values"], "properties": {
  "reportedAt": {"type": "integer",
    "description": "Unix milliseconds of the last report; absent: none since the server started"},
  "faults": {"type": "array", "items": {"$ref": "#/components/schemas/Fault"}},
  "values": {"type": "object", "additionalProperties": true,
    "description": "Each field that the device has reported, as it reported it"}}}]},
"FamilySummary": {"type": "object", "required": ["id", "prefixes"], "properties": {
  "id": {"type": "string"},
  "product": {"type": "string"},
  "description": {"type": "string"},
  "prefixes": {"type": "array", "items": {"type": "string"},
    "description": "How the serial numbers of its devices begin"}}},
"Families": {"type": "object", "required": ["families"], "properties": {
  "families": {"type": "array", "items": {"$ref": "#/components/schemas/FamilySummary"}}}},
"Family": {"allOf": [{"$ref": "#/components/schemas/FamilySummary"}, {"type": "object",
  "required": ["fields", "commands"], "properties": {
  "fields": {"type": "array", "items": {"$ref": "#/components/schemas/Field"}},
  "commands": {"type": "array", "items": {"$ref": "#/components/schemas/CommandFacts"}}}}]},
"Value": {"type": "object", "required": ["value"], "properties": {
  "value": {}, "name": {"type": "string"}}},
"Field": {"type": "object", "required": ["name", "type"], "additionalProperties": true,
  "properties": {
  "name": {"type": "string"},
  "title": {"type": "string", "description": "Short, for a label"},
  "description": {"type": "string"},
  "type": {"type": "string"},
  "unit": {"type": "string"},
  "scale": {"type": "number", "description": "A value times this is in the unit"},
  "range": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
  "values": {"type": "array", "items": {"$ref": "#/components/schemas/Value"}},
  "nature": {"type": "string", "description": "What it is in every family, as battery.power"},
  "part": {"type": "boolean",
    "description": "One of the fields whose sum is the power of the nature"},
  "error": {"type": "boolean", "description": "An error or a warning"},
  "sets": {"type": "array", "items": {"type": "string"},
    "description": "Of a parameter: fields that take its value as it is"},
  "set_by": {"type": "array", "items": {"type": "string"},
    "description": "Commands that change it"}}},
"CommandFacts": {"type": "object", "required": ["name", "dangerous", "params"],
  "additionalProperties": true, "properties": {
  "name": {"type": "string"},
  "title": {"type": "string"},
  "description": {"type": "string"},
  "dangerous": {"type": "boolean", "description": "A person should confirm it"},
  "select": {"type": "object", "description":
    "What names the command in the body of a set: a path in it, and the value there"},
  "params": {"type": "array", "items": {"$ref": "#/components/schemas/Field"}}}},
"Home": {"type": "object",
  "required": ["now", "nodes", "flows", "unaccounted_w", "gridCaption", "today", "devices"],
  "properties": {
  "now": {"type": "integer", "description": "The devices' time, Unix milliseconds"},
  "nodes": {"type": "object", "description":
    "sun, battery, grid, home, car, heat: those that the home has",
    "additionalProperties": {"$ref": "#/components/schemas/HomeNode"}},
  "flows": {"type": "array", "items": {"type": "object", "required": ["from", "to", "power_w"],
    "properties": {
    "from": {"type": "string"},
    "to": {"type": "string"},
    "power_w": {"type": "number"}}}},
  "unaccounted_w": {"type": ["number", "null"],
    "description": "What the sources give more than the uses explain; null: not known"},
  "gridCaption": {"type": "string", "enum": ["measured", "import_of_devices", "none"]},
  "today": {"type": "object", "description":
    "kWh since midnight, of devices that have reported since; null: not known",
    "additionalProperties": {"type": ["number", "null"]}},
  "devices": {"type": "array", "items": {"$ref": "#/components/schemas/HomeDevice"}}}},
"HomeNode": {"type": "object", "required": ["power_w", "atLeast"], "properties": {
  "power_w": {"type": ["number", "null"], "description":
    "battery: + charges, grid: + imports; null: not known"},
  "atLeast": {"type": "boolean", "description": "Some of the devices behind it are not known"},
  "charge_percent": {"type": ["number", "null"], "description":
    "battery: the mean of those that are known; null: none is"},
  "unknown": {"type": "array", "minItems": 1, "maxItems": 8, "description":
    "Why power_w is null or at least that: devices whose power is not known; absent: it is known",
    "items": {"type": "object", "required": ["sn", "reason"], "properties": {
    "sn": {"type": "string"},
    "reason": {"type": "string",
      "enum": ["never", "offline", "old", "not_reported", "not_measured"]}}}},
  "unknownDevices": {"type": "integer", "description":
    "How many devices there are, where unknown names the first of them only"}}},
"HomeDevice": {"type": "object", "additionalProperties": {"type": ["number", "null"]},
  "required": ["sn", "name", "family", "familyName", "role", "state", "lastReport", "faults"],
  "properties": {
  "sn": {"type": "string"},
  "name": {"type": "string"},
  "family": {"type": "string"},
  "familyName": {"type": "string"},
  "role": {"type": "string", "enum": ["meter", "feeder", "consumer", "panel", "other"]},
  "state": {"type": "string", "enum": ["live", "quiet", "offline", "never"]},
  "lastReport": {"type": ["integer", "null"], "description": "Unix milliseconds"},
  "faults": {"type": "array", "items": {"$ref": "#/components/schemas/Fault"}}}},
"Fault": {"type": "object", "required": ["field", "title", "value", "text", "since"],
  "properties": {
  "field": {"type": "string"},
  "title": {"type": "string"},
  "value": {},
  "text": {"type": "string", "description": "What the value means"},
  "since": {"type": ["integer", "null"], "description":
    "Unix milliseconds of the report with which it began; null: not known"}}},
"Events": {"type": "object", "required": ["events"], "properties": {
  "events": {"type": "array", "items": {"$ref": "#/components/schemas/Event"}},
  "next": {"type": "string", "description":
    "cursor of the next page, whose events are older; absent: there is none"}}},
"Event": {"type": "object", "required": ["sn", "at", "kind"], "properties": {
  "sn": {"type": "string"},
  "at": {"type": "integer", "description": "Unix milliseconds"},
  "kind": {"type": "string", "enum": ["fault.began", "fault.ended", "online", "offline",
    "set.answered", "set.refused", "set.unanswered", "left_out"]},
  "field": {"type": "string", "description": "Of a fault, as the next ones"},
  "title": {"type": "string"},
  "value": {"description": "The field's value when the fault began"},
  "text": {"type": "string", "description": "What the value means"},
  "since": {"type": "integer", "description": "Unix milliseconds of its beginning"},
  "id": {"type": "string", "description": "Of a set: the id that it was sent with"},
  "why": {"type": "string", "description": "Of a set: why it failed"},
  "count": {"type": "integer", "description":
    "left_out: so many events were more than the limit of an hour"}}},
"Energy": {"type": "object", "required": ["sn", "period", "from", "to", "unit", "quantities",
  "buckets", "total"], "properties": {
  "sn": {"type": "string"},
  "period": {"type": "string", "enum": ["day", "week", "month", "year"]},
  "from": {"type": "string", "format": "date-time"},
  "to": {"type": "string", "format": "date-time"},
  "unit": {"type": "string"},
  "quantities": {"type": "array", "items": {"type": "string"}},
  "buckets": {"type": "array", "items": {"type": "object", "additionalProperties": true}},
  "total": {"type": "object", "additionalProperties": {"type": "number"}}}},
"History": {"type": "object", "required": ["sn", "from", "to", "series"], "properties": {
  "sn": {"type": "string"},
  "from": {"type": "integer"},
  "to": {"type": "integer"},
  "step": {"type": "integer", "description": "Milliseconds"},
  "aggregate": {"type": "string"},
  "series": {"type": "array", "items": {"type": "object", "required": ["field", "points"],
    "properties": {
    "field": {"type": "string"},
    "unit": {"type": "string"},
    "scale": {"type": "number", "description": "A value times this is in the unit"},
    "decimals": {"type": "integer"},
    "points": {"type": "array", "description": "Time in Unix milliseconds, and value; null: a gap",
      "items": {"type": "array", "minItems": 2, "maxItems": 2, "items": {}}}}}}}},
"Command": {"type": "object", "additionalProperties": true,
  "description": "The family's set message without sn and id, as its documents write it",
  "examples": [{"moduleType": 5, "operateType": "acChgCfg",
    "params": {"chgWatts": 600, "chgPauseFlag": 255}}]},
"Reply": {"type": "object", "additionalProperties": true,
  "description": "The device's reply, as it sent it"},
"Error": {"type": "object", "required": ["code", "message"], "properties": {
  "code": {"type": "string", "examples": ["bad_params", "no_permission", "offline"]},
  "message": {"type": "string"}}}
})";

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
     {"session", "Number of the session, as listed"}});

Json reference(std::string_view schema) {
  return JsonObject{{"$ref", fmt::format("#/components/schemas/{}", schema)}};
}

Json json_content(std::string_view schema) {
  return JsonObject{{"application/json", JsonObject{{"schema", reference(schema)}}}};
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
  for (const OwnParameter& parameter : route.query) {
    all.push_back(JsonObject{{"name", parameter.name},
                             {"in", "query"},
                             {"required", parameter.required},
                             {"description", parameter.text},
                             {"schema", JsonObject{{"type", "string"}}}});
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
  JsonObject session{{"session", JsonArray()}};
  if (route.method != http::Method::kGet) session["csrf"] = JsonArray();
  ways.push_back(std::move(session));
  return ways;
}

JsonObject operation(const OwnApi::Route& route) {
  JsonObject responses;
  if (route.answer.empty()) {
    responses["204"] = JsonObject{{"description", "Success"}};
  } else {
    responses["200"] =
        JsonObject{{"description", "Success"}, {"content", json_content(route.answer)}};
  }
  for (const Failure& failure : kFailures) {
    responses[failure.status] =
        JsonObject{{"description", failure.text}, {"content", json_content("Error")}};
  }
  JsonObject made{{"operationId", route.id},
                  {"summary", route.summary},
                  {"description", access_text(route)},
                  {"security", security_of(route)},
                  {"parameters", parameters_of(route)},
                  {"responses", std::move(responses)}};
  if (!route.body.empty()) {
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
  auto schemas = wire::parse_json(kSchemas, {.bytes = kSchemas.size(), .keys = kSchemas.size()});
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
           {"schemas", schemas ? std::move(*schemas) : Json(JsonObject())}}}});
}

}  // namespace

const SharedText& open_api() {
  static const SharedText text(make());
  return text;
}

}  // namespace gridloom::api
