// Answers from history to one account: what it may read, and reads that work in slices on the
// archive's threads. Responses are delivered on the loop of the request; nothing here blocks.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "api/message/answer_form.h"
#include "base/loop.h"
#include "history/reader.h"
#include "http/message.h"
#include "hub/platform/platform.h"
#include "time/time_zone.h"
#include "wire/json.h"

namespace gridloom::api {

class HistoryReads {
 public:
  struct Options {
    const hub::Platform* platform = nullptr;
    history::Reads reads{};  // Archive::read; empty: every query is answered with 503
    Loop* loop = nullptr;    // responses are delivered on it
  };
  explicit HistoryReads(Options options) : options_(std::move(options)) {}

  // A request of an account that is known.
  struct Call {
    wire::JsonObject params;
    registry::AccountId account{};
    AnswerForm form;
    std::stop_token gone{};  // stops when nobody waits for the response any more
    Callback<http::Response> done;
  };
  struct Readable {
    DeviceNumber number = 0;
    catalog::FamilyPtr family;
  };
  // kNoPermission: there is no such device, or the account may not read it.
  [[nodiscard]] Result<Readable> readable(registry::AccountId account, const std::string& sn) const;
  [[nodiscard]] time::Now now() const;
  // Works for one time slice. Empty: there is more to do.
  using Answer = std::move_only_function<std::optional<http::Response>(history::Reader&)>;
  void read(Call call, Answer answer) const;

  [[nodiscard]] const Options& options() const { return options_; }

 private:
  Options options_;
};

// Runs the query slice by slice; at the end `text_of` formats the response's data.
template <typename Query, typename TextOf>
HistoryReads::Answer answer_of(Query query, const AnswerForm& form, TextOf text_of) {
  return [query = std::move(query), form, text_of = std::move(text_of)](
             history::Reader& reader) mutable -> std::optional<http::Response> {
    for (const history::Slice slice(reader); !query.done() && !slice.over();) {
      if (Status worked = query.work(reader); !worked) return form.read_failure(worked.error());
    }
    if (!query.done()) return std::nullopt;
    return form.success(text_of(query));
  };
}

}  // namespace gridloom::api
