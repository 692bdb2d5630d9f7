#include "bridges/mirror/pending_sets.h"

#include <algorithm>
#include <utility>

#include "base/result.h"

namespace gridloom::bridges::mirror {
namespace {

using wire::Json;
using wire::JsonObject;

// The platform's own refusal of a set, and of a set to a device that it cannot reach. The local
// platform takes no other code than that for wrong parameters for a refusal.
bool is_refusal(const Json& reply) {
  const Json* code = wire::member(reply, "code");
  if (code == nullptr) return false;
  const std::string text = wire::plain_text(*code);
  return text == "-1" || text == "-2";
}

JsonObject refusal(const Json& id, std::string_view why) {
  return {{"id", wire::numeric_id(id)},
          {"version", "1.0"},
          {"code", code_of(ErrorCode::kBadParams).code},
          {"message", why}};
}

}  // namespace

std::string refusal_of_set(std::string_view payload, std::string_view why) {
  const auto parsed = wire::parse_json(payload);
  const Json* id = parsed ? wire::member(*parsed, "id") : nullptr;
  return wire::to_text(refusal(id == nullptr ? Json(0) : *id, why));
}

std::optional<std::string> PendingSets::send(std::string_view sn, std::string_view payload,
                                             Moment now) {
  auto parsed = wire::parse_json(payload);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  JsonObject& message = parsed->get_object();
  while (!sets_.empty() && (sets_.size() >= kMost || now - sets_.front().at > kPatience)) {
    sets_.pop_front();
  }
  Json& id = message["id"];
  sets_.push_back({.sn = std::string(sn), .id = ++last_id_, .local_id = std::move(id), .at = now});
  id = last_id_;
  return wire::to_text(message);
}

std::optional<std::string> PendingSets::take_reply(std::string_view sn, std::string_view payload,
                                                   Moment now) {
  auto parsed = wire::parse_json(payload);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  JsonObject& reply = parsed->get_object();
  const Json* id = reply.if_contains("id");
  const std::string text = id == nullptr ? std::string() : wire::plain_text(*id);
  const auto found = std::ranges::find_if(
      sets_, [&](const Set& each) { return each.sn == sn && std::to_string(each.id) == text; });
  if (found == sets_.end()) return std::nullopt;
  const Set set = std::move(*found);
  sets_.erase(found);
  if (now - set.at > kPatience) return std::nullopt;
  const Json local_id = wire::numeric_id(set.local_id);
  if (is_refusal(*parsed)) {
    const Json* code = reply.if_contains("code");
    const Json* message = reply.if_contains("message");
    std::string why = message == nullptr ? std::string() : wire::plain_text(*message);
    if (why.empty()) {
      why = wire::plain_text(*code) == "-2" ? "the device is offline" : "the vendor refused it";
    }
    return wire::to_text(refusal(local_id, why));
  }
  reply["id"] = local_id;
  return wire::to_text(reply);
}

}  // namespace gridloom::bridges::mirror
