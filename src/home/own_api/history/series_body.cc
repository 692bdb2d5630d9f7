#include "own_api/history/series_body.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <array>
#include <string_view>
#include <utility>

#include "api/message/params.h"

namespace gridloom::api {

Result<history::SeriesRequest> parse_series_request(const wire::JsonObject& params,
                                                    const time::Now& now,
                                                    const history::SeriesLimits& limits) {
  history::SeriesParameters words;
  const std::array<std::pair<std::string_view, std::string_view*>, 7> known = {
      {{"fields", &words.fields},
       {"from", &words.from},
       {"to", &words.to},
       {"step", &words.step},
       {"aggregate", &words.aggregate},
       {"format", &words.format},
       {"points", &words.points}}};
  for (const auto& [name, value] : params) {
    std::string_view* word = nullptr;
    for (const auto& [own, place] : known) {
      if (own == name) word = place;
    }
    if (word == nullptr) continue;  // the route has no other parameters
    if (!value.is_string() || value.get_string().empty()) {
      return fail(ErrorCode::kBadParams,
                  fmt::format("{} is {}: must be a text", std::string_view(name), shown(value)));
    }
    *word = value.get_string();
  }
  return history::series_request(words, now, limits);
}

SeriesBody::SeriesBody(SeriesAnswer answer, Options options)
    : answer_(std::move(answer)), options_(std::move(options)), around_(options_.form.around()) {}

Status SeriesBody::make(history::Reader& reader) {
  ready_.erase(0, std::exchange(taken_, 0));
  for (const history::Slice slice(reader);
       !answer_.done() && ready_.size() < kPieceBytes && !slice.over();) {
    GL_TRY(answer_.work(reader, ready_));
  }
  if (answer_.done() && !std::exchange(ended_, true) && !is_csv()) ready_ += around_.after;
  return {};
}

std::optional<http::Response> SeriesBody::begin(history::Reader& reader) {
  if (!std::exchange(begun_, true) && !is_csv()) ready_ = around_.before;
  if (const Status made = make(reader); !made) return options_.form.read_failure(made.error());
  if (!has_piece()) return std::nullopt;
  http::Response response;
  if (is_csv()) {
    response.content_type = "text/csv; charset=utf-8";
    response.headers.emplace_back("Content-Disposition", "attachment; filename=\"history.csv\"");
  }
  Piece piece = take();
  response.body = std::move(piece.bytes);
  if (piece.then != Then::kEnd) response.rest = shared_from_this();
  return response;
}

SeriesBody::Piece SeriesBody::take() {
  if (failed_) return {.bytes = {}, .then = Then::kFailed};
  Piece piece{.bytes = ready_.substr(taken_, kPieceBytes), .then = Then::kMore};
  taken_ += piece.bytes.size();
  if (ended_ && ready_bytes() == 0) piece.then = Then::kEnd;
  return piece;
}

void SeriesBody::next(Callback<Piece> done) {
  if (has_piece()) return done(take());
  auto whom = std::make_shared<Callback<Piece>>(std::move(done));
  auto step = [self = shared_from_this(), whom](history::Reader& reader) mutable {
    if (const Status made = self->make(reader); !made) {
      spdlog::error("request with trace id {} failed: {}",
                    std::string_view(self->options_.form.trace_id()), made.error().detail);
      self->failed_ = true;
    }
    if (!self->has_piece()) return history::Progress::kMore;
    Loop* const loop = self->options_.loop;
    loop->post([self = std::move(self), whom = std::move(whom)] { (*whom)(self->take()); });
    return history::Progress::kDone;
  };
  const bool taken = options_.reads({.account = std::to_underlying(options_.account),
                                     .gone = options_.gone,
                                     .step = std::move(step)});
  if (!taken) (*whom)({.bytes = {}, .then = Then::kLater});
}

}  // namespace gridloom::api
