// The response to /api/v1/devices/{sn}/history: the request's parameters, and the body, which is
// produced on the archive's threads piece by piece, whenever the client has received the previous
// one.
//
// Between two pieces nothing of the archive is held, and no thread waits for a client.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "api/message/answer_form.h"
#include "base/loop.h"
#include "history/reader.h"
#include "history/series/series_request.h"
#include "http/message.h"
#include "own_api/history/series_answer.h"
#include "registry/directory.h"
#include "wire/json.h"

namespace gridloom::api {

// kBadParams: the detail names the parameter.
[[nodiscard]] Result<history::SeriesRequest> parse_series_request(
    const wire::JsonObject& params, const time::Now& now, const history::SeriesLimits& limits);

class SeriesBody final : public http::BodySource, public std::enable_shared_from_this<SeriesBody> {
 public:
  struct Options {
    history::SeriesRequest::Format format{};
    AnswerForm form;
    registry::AccountId account{};
    std::stop_token gone{};  // stops when nobody waits for the response any more
    history::Reads reads{};
    Loop* loop = nullptr;
  };
  SeriesBody(SeriesAnswer answer, Options options);

  // Works for one time slice, on a thread of the archive. Returns a complete response if it is
  // short, otherwise its beginning with this object as `rest`. Empty: neither is ready, call again.
  [[nodiscard]] std::optional<http::Response> begin(history::Reader& reader);
  void next(Callback<Piece> done) override;

  static constexpr std::size_t kPieceBytes = std::size_t{32} * 1024;

 private:
  [[nodiscard]] bool is_csv() const {
    return options_.format == history::SeriesRequest::Format::kCsv;
  }
  [[nodiscard]] bool has_piece() const { return ended_ || failed_ || ready_bytes() >= kPieceBytes; }
  [[nodiscard]] std::size_t ready_bytes() const { return ready_.size() - taken_; }
  [[nodiscard]] Status make(history::Reader& reader);
  [[nodiscard]] Piece take();

  SeriesAnswer answer_;
  Options options_;
  SplitEnvelope around_;
  bool begun_ = false;
  // Used by the thread that produces a piece, or by the loop while none does.
  std::string ready_;
  std::size_t taken_ = 0;
  bool ended_ = false;
  bool failed_ = false;
};

}  // namespace gridloom::api
