#include "http/response_sender.h"

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

}  // namespace gridloom::http
