#include "own_api/v1/async_api.h"

#include <fmt/format.h>

#include <array>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "api/schema/json_schema.h"
#include "own_api/bodies/live.h"
#include "wire/json.h"

namespace gridloom::api {
namespace {

using wire::JsonArray;
using wire::JsonObject;

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

std::string make() {
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
  static const SharedText text(make());
  return text;
}

}  // namespace gridloom::api
