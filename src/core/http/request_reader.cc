#include "http/request_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/result.h"

namespace gridloom::http {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";
// A larger head leaves no memory to the requests after it: a connection that waits for a body would
// keep what others filled.
constexpr std::size_t kReusedHeadBytes = 1024;

std::unique_ptr<PartialRequest>& spare_request() {
  thread_local std::unique_ptr<PartialRequest> spare;
  return spare;
}

// "localhost:8080", "[::1]:8080" and "[::1]" without port and brackets.
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

// The target without a host, and with one slash at its start.
std::string_view own_target(std::string_view target) {
  if (!target.starts_with('/') && target != "*") {
    const std::size_t slash = target.find('/', target.find("//") + 2);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  while (target.starts_with("//")) target.remove_prefix(1);
  return target;
}

}  // namespace

std::unique_ptr<PartialRequest> PartialRequest::take() {
  std::unique_ptr<PartialRequest> partial = std::exchange(spare_request(), nullptr);
  return partial ? std::move(partial) : std::make_unique<PartialRequest>();
}

void PartialRequest::keep_for_next(std::unique_ptr<PartialRequest> partial) {
  if (partial->head_bytes > kReusedHeadBytes) return;
  partial->request.waiting.reset();
  std::string().swap(partial->request.body);
  partial->body.reset();
  spare_request() = std::move(partial);
}

void RequestReader::set_request(Request& request, const Head& head) const {
  request.method = head.method;
  const std::string_view target = own_target(head.target);
  const std::size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  request.query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  request.content_type = head.value("Content-Type");
  request.host = without_port(head.host);
  request.authorization = head.value("Authorization");
  const std::span<const WantedHeader> wanted =
      service_.headers().first(service_.headers_for(request.path));
  request.headers.resize(wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].form == HeaderForm::kList) {
      request.headers[i] = head.joined(wanted[i].name);
    } else {
      request.headers[i] = head.value(wanted[i].name);
    }
  }
  request.body.clear();
  request.waiting.reset();
}

bool RequestReader::begin() {
  // Some clients send a line break after a body that belongs to no message (RFC 9112, 2.2).
  taken_ = std::min(in_.find_first_not_of("\r\n", taken_), in_.size());
  if (unread().empty()) return false;
  state_ = State::kHead;
  return true;
}

std::expected<bool, Refusal> RequestReader::read_head() {
  const std::string_view in = unread();
  const std::size_t end = in.find(kHeadEnd, searched_ - std::min(searched_, kHeadEnd.size() - 1));
  const bool too_long = end == std::string::npos ? in.size() > limits_.header_bytes
                                                 : end + kHeadEnd.size() > limits_.header_bytes;
  if (!line_good_) {
    GL_TRY(const auto good, check_start(in, searched_));
    line_good_ = good;
  }
  if (too_long) {
    return std::unexpected(Refusal{
        .status = 431, .why = fmt::format("the header is over {} bytes", limits_.header_bytes)});
  }
  if (end == std::string::npos) {
    searched_ = in.size();
    return false;
  }
  searched_ = 0;
  line_good_ = false;
  std::unique_ptr<PartialRequest> partial = PartialRequest::take();
  partial->head_bytes = end + kHeadEnd.size();
  GL_TRY(parse_head(in.substr(0, partial->head_bytes), partial->head, service_.headers()));
  set_request(partial->request, partial->head);
  partial->expects_continue = partial->head.expects_continue;
  taken_ += partial->head_bytes;
  partial_ = std::move(partial);
  state_ = State::kHeadRead;
  return true;
}

void RequestReader::begin_body(std::size_t most) {
  BodyLimits limits{.body_bytes = limits_.body_bytes, .trailer_bytes = limits_.header_bytes};
  if (most > 0) limits.body_bytes = std::min(limits.body_bytes, most);
  partial_->body.emplace(partial_->head, limits);
  if (most == 0) partial_->body->discard();
  state_ = State::kBody;
}

std::expected<bool, Refusal> RequestReader::read_body() {
  std::string_view rest = unread();
  GL_TRY(const auto whole, partial_->body->read(rest));
  taken_ = in_.size() - rest.size();
  if (!whole) partial_->head = {};
  return whole;
}

std::string_view RequestReader::path_so_far() const {
  if (partial_) return partial_->request.path;
  if (state_ != State::kHead) return {};
  std::string_view line = unread();
  line = line.substr(0, line.find_first_of("\r\n"));
  const std::size_t method = line.find(' ');
  if (method == std::string_view::npos) return {};
  line.remove_prefix(method + 1);
  const std::string_view target = line.substr(0, line.find(' '));
  return target.empty() ? target : own_target(target.substr(0, target.find('?')));
}

bool RequestReader::take_expectation() { return std::exchange(partial_->expects_continue, false); }

std::unique_ptr<PartialRequest> RequestReader::take() {
  partial_->request.body = partial_->body->take();
  state_ = State::kBetween;
  return std::move(partial_);
}

void RequestReader::leave_body() {
  partial_.reset();
  state_ = State::kBetween;
}

void RequestReader::drop_read_bytes() { in_.erase(0, std::exchange(taken_, 0)); }

std::string RequestReader::take_bytes() {
  drop_read_bytes();
  return std::exchange(in_, {});
}

std::size_t RequestReader::kept_bytes() const {
  return in_.size() + (state_ == State::kBody ? partial_->body->kept_bytes() : 0);
}

}  // namespace gridloom::http
