#include "home/remote_sets.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace gridloom::home {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

Result<Json> parsed(std::string_view text) {
  return wire::parse_json(text, {.bytes = text.size(), .keys = text.size()});
}

std::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorCode::kMalformed, std::string("not the text of ").append(what));
}

JsonObject object_of(const SetRecord& record) {
  JsonObject object{{"sn", record.id.sn},        {"id", record.id.id},
                    {"by", record.by},           {"digest", record.digest},
                    {"sent", record.sent_ms},    {"state", std::to_underlying(record.state)},
                    {"refusal", record.refusal}, {"reply", std::string_view(record.reply)}};
  if (record.answered_ms) object["answered"] = *record.answered_ms;
  if (record.decided_ms) object["decided"] = *record.decided_ms;
  if (record.error) {
    object["error"] = name_of(record.error->code);
    object["detail"] = record.error->detail;
  }
  JsonArray fields;
  for (const ShownField& each : record.fields) {
    JsonObject field{{"name", each.name},
                     {"path", each.path},
                     {"wasOther", each.was_other},
                     {"within", each.within}};
    if (each.asked) field["asked"] = *each.asked;
    if (each.is) field["is"] = *each.is;
    if (each.before) field["before"] = *each.before;
    fields.emplace_back(std::move(field));
  }
  object["fields"] = std::move(fields);
  return object;
}

std::optional<ShownField> field_in(const Json& json) {
  const Json* was_other = wire::member(json, "wasOther");
  const Json* within = wire::member(json, "within");
  const bool is_whole =
      was_other != nullptr && was_other->is_bool() && within != nullptr && within->is_number();
  if (!is_whole) return std::nullopt;
  const auto value = [&json](std::string_view key) {
    const Json* found = wire::member(json, key);
    return found == nullptr ? std::nullopt : std::optional(*found);
  };
  return ShownField{.name = std::string(wire::text_in(json, "name")),
                    .path = std::string(wire::text_in(json, "path")),
                    .asked = value("asked"),
                    .is = value("is"),
                    .was_other = was_other->get_bool(),
                    .within = within->to_number<double>(),
                    .before = value("before")};
}

std::optional<SetRecord> record_in(AccountId account, const Json& json) {
  const auto sent = wire::whole_in(json, "sent");
  const auto state = wire::whole_in(json, "state");
  const Json* fields = wire::member(json, "fields");
  const bool is_whole = sent && state && *state >= 0 &&
                        *state <= std::to_underlying(SetState::kOffline) && fields != nullptr &&
                        fields->is_array();
  if (!is_whole) return std::nullopt;
  const auto text = [&](std::string_view key) { return std::string(wire::text_in(json, key)); };
  SetRecord record{.id = {.account = account, .sn = text("sn"), .id = text("id")},
                   .by = text("by"),
                   .digest = text("digest"),
                   .sent_ms = *sent,
                   .answered_ms = wire::whole_in(json, "answered"),
                   .decided_ms = wire::whole_in(json, "decided"),
                   .state = static_cast<SetState>(*state),
                   .refusal = text("refusal"),
                   .reply = text("reply")};
  if (const auto code = error_code_of(text("error"))) {
    record.error = Error{.code = *code, .detail = text("detail")};
  }
  for (const Json& each : fields->get_array()) {
    auto field = field_in(each);
    if (!field) return std::nullopt;
    record.fields.push_back(std::move(*field));
  }
  return record;
}

}  // namespace

std::string text_of(const SetCall& call) {
  return wire::to_text(JsonObject{{"call", std::to_underlying(call.kind)},
                                  {"sn", call.id.sn},
                                  {"id", call.id.id},
                                  {"message", call.message},
                                  {"by", call.origin.by},
                                  {"from", call.origin.from},
                                  {"wait", call.wait.count()}});
}

Result<SetCall> set_call_in(AccountId account, std::string_view text) {
  GL_TRY(auto json, parsed(text));
  const auto kind = wire::whole_in(json, "call");
  const auto wait = wire::whole_in(json, "wait");
  const Json* message = wire::member(json, "message");
  const bool is_whole = kind && *kind >= std::to_underlying(SetCall::Kind::kSend) &&
                        *kind <= std::to_underlying(SetCall::Kind::kList) && wait &&
                        message != nullptr && message->is_object();
  if (!is_whole) return malformed("a call");
  const auto text_in = [&](std::string_view key) { return std::string(wire::text_in(json, key)); };
  return SetCall{.kind = static_cast<SetCall::Kind>(*kind),
                 .id = {.account = account, .sn = text_in("sn"), .id = text_in("id")},
                 .message = message->get_object(),
                 .origin = {.by = text_in("by"), .from = text_in("from")},
                 .wait = Millis(*wait)};
}

std::string text_of(std::span<const SetRecord> records) {
  JsonArray all;
  for (const SetRecord& each : records) all.emplace_back(object_of(each));
  return wire::to_text(all);
}

Result<std::vector<SetRecord>> set_records_in(AccountId account, std::string_view text) {
  GL_TRY(const auto json, parsed(text));
  if (!json.is_array()) return malformed("sets");
  std::vector<SetRecord> records;
  for (const Json& each : json.get_array()) {
    auto record = record_in(account, each);
    if (!record) return malformed("sets");
    records.push_back(std::move(*record));
  }
  return records;
}

void RemoteSets::ask(const SetCall& call, hub::ReplyTo<std::vector<SetRecord>> reply_to) {
  hub_.calls().ask(call.id.account,
                   {.partition = partition_of(call.id.sn),
                    .service = std::string(kService),
                    .text = text_of(call)},
                   {.loop = reply_to.loop,
                    .done = [account = call.id.account, done = std::move(reply_to.done)](
                                const Result<hub::DeviceAnswer>& answer) mutable {
                      if (!answer) return done(std::unexpected(answer.error()));
                      done(set_records_in(account, answer->text));
                    }});
}

void RemoteSets::ask_one(const SetCall& call, hub::ReplyTo<SetRecord> reply_to) {
  ask(call,
      {.loop = reply_to.loop,
       .done = [done = std::move(reply_to.done)](Result<std::vector<SetRecord>> records) mutable {
         if (!records) return done(std::unexpected(records.error()));
         if (records->empty()) return done(fail(ErrorCode::kInternal, "no set"));
         done(std::move(records->front()));
       }});
}

// A call is answered within the deadline of sets, so a longer wait takes several.
void RemoteSets::get(const SetId& id, Millis wait, PerKeyLimit::Permit permit,
                     hub::ReplyTo<SetRecord> reply_to) {
  const hub::Platform& platform = hub_.platform();
  const TimePoint begun = platform.steady->now();
  const Millis part = std::min(wait, platform.config.set_deadline);
  Loop* const loop = reply_to.loop;
  ask_one({.kind = SetCall::Kind::kGet, .id = id, .wait = part},
          {.loop = loop,
           .done = [this, id, wait, begun, part, permit = std::move(permit),
                    reply_to = std::move(reply_to)](Result<SetRecord> record) mutable {
             const Millis took = hub_.platform().steady->now() - begun;
             // An answer before its time: too many wait there already.
             const bool is_last = !record || record->is_final() || took >= wait || took < part / 2;
             if (is_last) return reply_to.done(std::move(record));
             get(id, wait - took, std::move(permit), std::move(reply_to));
           }});
}

}  // namespace gridloom::home
