// SPDX-License-Identifier: MIT
#include "agent/flowlog/http_post.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <ctime>

#include <httplib.h>

#include <fmt/format.h>

#include <tollgate/ip.hpp>

#include "agent/tunnel/host_port.hpp"

namespace tollgate::agent {

namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;
constexpr std::size_t kFirstIpv4Byte = 12;
constexpr std::uint8_t kLoopbackNet = 127;
constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";

bool is_target(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return c > ' ' && c <= '~' && c != '#' && c != '"' && c != '<' && c != '>';
    });
}

PostOutcome outcome_of(const httplib::Response& response) {
    const int status = response.status;
    if (status >= 200 && status < 300) {
        return {PostOutcome::Kind::delivered, {}, {}};
    }
    const std::string error = fmt::format("HTTP status {}", status);
    if (status == 408 || status == 429 || status >= 500) {
        return {PostOutcome::Kind::retry,
                parse_retry_after(response.get_header_value("Retry-After"),
                                  std::chrono::system_clock::now()),
                error};
    }
    return {PostOutcome::Kind::refused, {}, error};
}

std::string_view reason_of(httplib::Error error) {
    switch (error) {
        case httplib::Error::Connection:
        case httplib::Error::ConnectionTimeout:
            return "no connection";
        case httplib::Error::SSLConnection:
            return "the TLS handshake failed";
        case httplib::Error::SSLLoadingCerts:
            return "the CA file cannot be used";
        case httplib::Error::SSLServerVerification:
            return "the receiver's certificate is not trusted";
        case httplib::Error::Read:
        case httplib::Error::Canceled:
            return "no answer";
        default:
            return "the request could not be sent";
    }
}

std::unique_ptr<httplib::ClientImpl> make_client(const HttpPost::Options& options) {
    const HttpUrl& url = options.url;
    if (!url.tls) {
        return std::make_unique<httplib::ClientImpl>(url.host, url.port);
    }
    auto client = std::make_unique<httplib::SSLClient>(url.host, url.port);
    client->enable_server_certificate_verification(true);
    if (!options.ca_file.empty()) {
        client->set_ca_cert_path(options.ca_file.c_str());
    }
    return client;
}

}  // namespace

std::string HttpUrl::authority() const {
    const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
    return port == (tls ? kHttpsPort : kHttpPort) ? name : fmt::format("{}:{}", name, port);
}

bool HttpUrl::is_private() const {
    const auto address = IpAddress::parse(host);
    const bool loopback =
        address && address->is_ipv4() && address->bytes[kFirstIpv4Byte] == kLoopbackNet;
    return tls || loopback || host == "localhost" || host == "::1";
}

std::optional<HttpUrl> HttpUrl::parse(std::string_view text) {
    HttpUrl url;
    url.tls = text.starts_with(kHttps);
    if (!url.tls && !text.starts_with(kHttp)) {
        return std::nullopt;
    }
    text.remove_prefix(url.tls ? kHttps.size() : kHttp.size());
    const std::size_t end = std::min(text.find_first_of("/?"), text.size());
    std::string place{text.substr(0, end)};
    if (place.find(':', place.rfind(']') == std::string::npos ? 0 : place.rfind(']')) ==
        std::string::npos) {
        place += fmt::format(":{}", url.tls ? kHttpsPort : kHttpPort);
    }
    const auto host_port = HostPort::parse(place);
    url.target = text.substr(end);
    if (!host_port || !is_target(url.target)) {
        return std::nullopt;
    }
    if (!url.target.starts_with('/')) {
        url.target.insert(0, "/");
    }
    url.host = host_port->host;
    url.port = host_port->port;
    return url;
}

class HttpPost::Connection {
  public:
    explicit Connection(Options options)
        : options_{std::move(options)}, client_{make_client(options_)} {
        client_->set_keep_alive(true);
        client_->set_follow_location(false);
        client_->set_connection_timeout(options_.timeout);
        client_->set_write_timeout(options_.timeout);
        client_->set_read_timeout(options_.timeout);
    }

    PostOutcome post(const Batch& batch) {
        httplib::Request request;
        request.method = "POST";
        request.path = options_.url.target;
        request.headers = {{"Host", options_.url.authority()},
                           {"User-Agent", "tollgate/" TOLLGATE_VERSION},
                           {"Content-Type", "application/x-ndjson"},
                           {"Idempotency-Key", fmt::format("\"{}\"", batch.id)}};
        if (!options_.token.view().empty()) {
            request.headers.emplace("Authorization",
                                    fmt::format("Bearer {}", options_.token.view()));
        }
        request.body = batch.body;
        // The answer's content is of no interest, and cannot keep us for ever.
        const auto end = std::chrono::steady_clock::now() + 2 * options_.timeout;
        request.content_receiver = [this, end](const char*, size_t, uint64_t, uint64_t) {
            return !stopped_ && std::chrono::steady_clock::now() < end;
        };
        httplib::Response response;
        auto error = httplib::Error::Success;
        if (stopped_) {
            return {PostOutcome::Kind::retry, {}, "stopped"};
        }
        if (!client_->send(request, response, error)) {
            return {PostOutcome::Kind::retry, {}, std::string{reason_of(error)}};
        }
        return outcome_of(response);
    }

    void stop() {
        stopped_ = true;
        client_->stop();
    }

  private:
    Options options_;
    std::unique_ptr<httplib::ClientImpl> client_;
    std::atomic<bool> stopped_ = false;
};

HttpPost::HttpPost(Options options)
    : connection_{std::make_unique<Connection>(std::move(options))} {}

HttpPost::~HttpPost() = default;

PostOutcome HttpPost::post(const Batch& batch) {
    return connection_->post(batch);
}

void HttpPost::stop() {
    connection_->stop();
}

std::chrono::seconds parse_retry_after(std::string_view value,
                                       std::chrono::system_clock::time_point now) {
    std::uint32_t seconds = 0;
    const char* const end = value.data() + value.size();
    const auto [rest, error] = std::from_chars(value.data(), end, seconds);
    if (error == std::errc{} && rest == end) {
        return std::chrono::seconds{seconds};
    }
    std::tm date{};
    const std::string text{value};
    const char* const parsed = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
    if (parsed == nullptr || *parsed != '\0') {
        return std::chrono::seconds{0};
    }
    const auto until = std::chrono::system_clock::from_time_t(::timegm(&date)) - now;
    return std::max(std::chrono::ceil<std::chrono::seconds>(until), std::chrono::seconds{0});
}

}  // namespace tollgate::agent
