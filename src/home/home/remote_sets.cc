#include "home/remote_sets.h"

#include <algorithm>
#include <string>
#include <utility>

namespace gridloom::home {

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
