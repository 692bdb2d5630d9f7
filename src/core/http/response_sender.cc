#include "http/response_sender.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace gridloom::http {

void ResponseSender::respond(Response response) {
  if (response.ending != Ending::kNone) {
    state_ = response.ending == Ending::kReset ? State::kReset : State::kFinished;
    gone_.reset();
    return;
  }
  // An HTTP/1.0 client reads a response without a length until the connection ends.
  if (response.rest != nullptr && !form_.in_chunks) form_.keeps_alive = false;
  if (!form_.is_head) rest_ = response.rest;
  if (rest_) {
    state_ = State::kStreaming;
  } else {
    end_response();
  }
  writer_.write(response, form_);
}

void ResponseSender::request_piece(Callback<BodySource::Piece> done) {
  state_ = State::kRequesting;
  const std::shared_ptr<BodySource> source = rest_;
  source->next(std::move(done));
  if (state_ == State::kRequesting) state_ = State::kRequested;
}

bool ResponseSender::take_piece(const BodySource::Piece& piece) {
  using Then = BodySource::Then;
  if (state_ != State::kRequesting && state_ != State::kRequested) return false;
  // Output is taken until there is no more, so a piece that comes at once and is not empty needs
  // no waking.
  const bool comes_later = state_ == State::kRequested;
  writer_.write_piece(piece.bytes, form_);
  switch (piece.then) {
    case Then::kMore:
      state_ = State::kStreaming;
      break;
    case Then::kLater:
      state_ = State::kDelayed;
      break;
    case Then::kEnd:
      writer_.write_end(form_);
      end_response();
      break;
    case Then::kFailed:
      // Without chunks the end of the connection would look like the end of the response.
      end_response();
      state_ = form_.in_chunks ? State::kFinished : State::kReset;
      break;
  }
  return comes_later || writer_.empty();
}

void ResponseSender::tick() {
  if (state_ == State::kDelayed) state_ = State::kStreaming;
}

void ResponseSender::finish() {
  if (!has_finished()) state_ = State::kFinished;
}

void ResponseSender::stop() {
  form_.keeps_alive = false;
  if (is_idle()) finish();
}

std::stop_token ResponseSender::gone() {
  if (!gone_) gone_.emplace();
  return gone_->get_token();
}

void ResponseSender::peer_ends() {
  peer_ended_ = true;
  if (gone_) drop_response();
}

void ResponseSender::handler_returned() {
  if (peer_ended_ && is_answering() && gone_) drop_response();
}

void ResponseSender::lose() {
  rest_.reset();
  state_ = State::kFinished;
  if (gone_) gone_->request_stop();
}

void ResponseSender::end_response() {
  rest_.reset();
  gone_.reset();
  state_ = form_.keeps_alive ? State::kIdle : State::kFinished;
}

void ResponseSender::drop_response() {
  // The callback may answer at once, which resets the member.
  std::stop_source gone = *std::exchange(gone_, std::nullopt);
  gone.request_stop();
  rest_.reset();
  finish();
}

namespace {

constexpr std::size_t kUsualHeadBytes = 256;
// Output of this size goes to the connection without a copy.
constexpr std::size_t kMovedBytes = std::size_t{16} * 1024;

}  // namespace

void ResponseWriter::write_head(const Response& response, const ResponseForm& form) {
  const bool has_no_body = response.status == 204 || response.status == 304;
  const auto status = fmt::format_int(response.status);
  const auto length = fmt::format_int(response.body.size() + response.data.size());
  if (out_.empty()) out_.reserve(kUsualHeadBytes + response.body.size());
  out_.append("HTTP/1.1 ").append(status.data(), status.size()).append(1, ' ');
  out_.append(reason_phrase(response.status)).append("\r\nServer: Gridloom\r\n");
  if (!has_no_body) {
    out_.append("Content-Type: ").append(response.content_type).append("\r\n");
  }
  for (const auto& [name, value] : response.headers) {
    out_.append(name).append(": ").append(value).append("\r\n");
  }
  if (has_no_body) {
    // Such a response has no length either (RFC 9110, 8.6).
  } else if (response.rest == nullptr) {
    out_.append("Content-Length: ").append(length.data(), length.size()).append("\r\n");
  } else if (form.in_chunks) {
    out_.append("Transfer-Encoding: chunked\r\n");
  }
  out_.append("Connection: ").append(form.keeps_alive ? "keep-alive" : "close");
  out_.append("\r\n\r\n");
}

void ResponseWriter::write(Response& response, const ResponseForm& form) {
  write_head(response, form);
  if (form.is_head) return;
  const std::string_view body = response.body;
  if (response.rest != nullptr && form.in_chunks) return write_piece(body, form);
  out_ += body.substr(0, response.data_at);
  if (!data_.empty()) {
    out_ += response.data;
  } else if (!response.data.empty()) {
    data_ = std::move(response.data);
    data_at_ = out_.size();
  }
  out_ += body.substr(response.data_at);
}

void ResponseWriter::write_piece(std::string_view bytes, const ResponseForm& form) {
  if (bytes.empty()) return;
  if (!form.in_chunks) {
    out_ += bytes;
    return;
  }
  fmt::format_to(std::back_inserter(out_), "{:x}\r\n", bytes.size());
  out_.append(bytes).append("\r\n");
}

void ResponseWriter::write_end(const ResponseForm& form) {
  if (form.in_chunks) out_ += "0\r\n\r\n";
}

void ResponseWriter::hand_over(std::string& out) {
  if (out_.empty()) return;
  if (out.empty() && data_.empty() && out_.size() >= kMovedBytes) {
    out = std::exchange(out_, {});
    return;
  }
  const std::string_view text = out_;
  out.append(text.substr(0, data_at_)).append(data_).append(text.substr(data_at_));
  std::string().swap(out_);
  data_ = {};
  data_at_ = 0;
}

}  // namespace gridloom::http
