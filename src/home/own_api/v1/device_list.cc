#include "own_api/v1/device_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "api/message/params.h"
#include "wire/json.h"

namespace gridloom::api {

void list_devices(const DeviceList& list, const DeviceChoice& choice,
                  const StringMap<overview::Freshness>* states, const AnswerForm& form,
                  Callback<http::Response> done) {
  const registry::AccountId account = list.account;
  const auto is_wanted = [&](const DeviceRow& row) {
    if (!choice.family.empty() && row.family != choice.family) return false;
    if (!row.search.contains(choice.search)) return false;
    if (choice.states.empty()) return true;
    const auto state = states->find(row.sn);
    return state != states->end() &&
           std::ranges::find(choice.states, state->second) != choice.states.end();
  };
  DeviceRows::Choice rows{.after = choice.after, .is_wanted = is_wanted};
  if (choice.limit) rows.limit = *choice.limit;
  const DeviceRows::Page page = list.rows.page(
      list.hub.platform().registry.directory(), account, {.online = "true", .offline = "false"},
      [&](std::string_view sn) { return list.hub.online(account, sn); }, rows);
  if (!page.is_after_known) {
    return done(form.failure(
        {.code = ErrorCode::kBadParams,
         .detail = fmt::format("after is {}: must be `next` of the page before, a device that the "
                               "account may still read",
                               shown(choice.after))}));
  }
  std::string text = fmt::format(R"({{"devices":[{}])", page.text);
  if (page.has_more) {
    text += R"(,"next":)";
    wire::append_quoted(text, page.last);
  }
  text += '}';
  done(form.success_shared(std::move(text)));
}

}  // namespace gridloom::api
