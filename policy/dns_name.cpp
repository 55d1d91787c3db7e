// SPDX-License-Identifier: MIT
#include "policy/dns_name.hpp"

#include <cstdint>

#include <tollgate/abi/limits.h>

namespace tollgate::policy {

namespace {

constexpr std::size_t kLabelMax = 63;
constexpr std::size_t kCodeDigits = 3;

bool is_plain(unsigned byte) {
    return byte > ' ' && byte < 0x7f && byte != '.' && byte != '\\' && (byte < 'A' || byte > 'Z');
}

/// Takes characters of labels from the front of a name.
class Characters {
  public:
    explicit Characters(std::string_view name) : left_{name} {}

    /// Whether a label ends here.
    [[nodiscard]] bool at_end_of_label() const { return left_.empty() || left_.front() == '.'; }
    [[nodiscard]] bool at_end() const { return left_.empty(); }
    /// Whether a dot that separates labels was next.
    bool take_dot() {
        const bool dot = left_.starts_with('.');
        left_.remove_prefix(dot ? 1 : 0);
        return dot;
    }
    /// @return nothing: what is next is not written as append_escaped() would
    std::optional<std::uint8_t> take() {
        const auto first = static_cast<std::uint8_t>(left_.front());
        left_.remove_prefix(1);
        if (first != '\\') {
            return is_plain(first) ? std::optional{first} : std::nullopt;
        }
        if (left_.starts_with('.') || left_.starts_with('\\')) {
            const auto escaped = static_cast<std::uint8_t>(left_.front());
            left_.remove_prefix(1);
            return escaped;
        }
        return take_code();
    }

  private:
    std::optional<std::uint8_t> take_code() {
        if (left_.size() < kCodeDigits) {
            return std::nullopt;
        }
        unsigned code = 0;
        for (const char digit : left_.substr(0, kCodeDigits)) {
            if (digit < '0' || digit > '9') {
                return std::nullopt;
            }
            code = code * 10 + static_cast<unsigned>(digit - '0');
        }
        left_.remove_prefix(kCodeDigits);
        const bool needs_code = code <= ' ' || (code >= 0x7f && code <= 0xff);
        return needs_code ? std::optional{static_cast<std::uint8_t>(code)} : std::nullopt;
    }

    std::string_view left_;
};

// Appends the next label, behind its length. @return false: it is none
bool append_label(std::vector<std::byte>& labels, Characters& characters) {
    const std::size_t head = labels.size();
    labels.push_back(std::byte{0});
    while (!characters.at_end_of_label()) {
        const auto byte = characters.take();
        if (!byte || labels.size() - head > kLabelMax) {
            return false;
        }
        labels.push_back(std::byte{*byte});
    }
    const std::size_t length = labels.size() - head - 1;
    labels[head] = static_cast<std::byte>(length);
    return length > 0;
}

}  // namespace

std::optional<std::vector<std::byte>> dns_labels_of(std::string_view name) {
    std::vector<std::byte> labels;
    Characters characters{name};
    bool more = !characters.at_end();
    while (more) {
        if (!append_label(labels, characters) || labels.size() >= TG_DNS_NAME_MAX) {
            return std::nullopt;
        }
        more = characters.take_dot();
    }
    labels.push_back(std::byte{0});
    return labels;
}

}  // namespace tollgate::policy
