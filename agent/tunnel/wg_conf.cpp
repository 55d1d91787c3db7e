// SPDX-License-Identifier: MIT
#include "agent/tunnel/wg_conf.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "agent/tunnel/tunnel_config.hpp"

namespace tollgate::agent {
namespace {

using policy::Mark;
using policy::Severity;

constexpr std::uint32_t kMtuMin = 576;
constexpr std::uint32_t kMtuMax = 65535;

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_word(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return lower(x) == lower(y);
    });
}

// Only what looks like a misspelt key is shown: a line may be a lost private key.
bool is_plain_word(std::string_view text) {
    constexpr std::size_t kLongestWord = 24;
    return !text.empty() && text.size() <= kLongestWord &&
           std::all_of(
               text.begin(), text.end(), [](char c) { return lower(c) >= 'a' && lower(c) <= 'z'; });
}

// What may be a key in the wrong place is not shown either.
std::string shown(std::string_view text) {
    constexpr std::size_t kShortestKey = 32;
    const bool may_be_key =
        text.size() >= kShortestKey && text.find_first_of(".: [") == std::string_view::npos;
    return may_be_key ? "this" : policy::in_quotes(text);
}

// Decimal, or hexadecimal after "0x".
std::optional<std::uint32_t> parse_mark(std::string_view text) {
    if (!text.starts_with("0x")) {
        return parse_number(text, UINT32_MAX);
    }
    std::uint32_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + 2, end, value, 16);
    return error == std::errc{} && rest == end ? std::optional{value} : std::nullopt;
}

// Text and where it begins.
struct Piece {
    std::string_view text;
    Mark mark;

    [[nodiscard]] Piece part(std::size_t from, std::size_t size = std::string_view::npos) const {
        return {text.substr(from, size),
                {mark.line, mark.column + static_cast<std::uint32_t>(from)}};
    }
    [[nodiscard]] Piece trimmed() const {
        std::size_t begin = 0;
        std::size_t end = text.size();
        while (begin < end && is_space(text[begin])) {
            ++begin;
        }
        while (end > begin && is_space(text[end - 1])) {
            --end;
        }
        return part(begin, end - begin);
    }
};

class Reader {
  public:
    void read(std::string_view text);
    [[nodiscard]] WgConfReading finish();

  private:
    enum class Section : std::uint8_t { none, unknown, interface, peer };
    struct Key {
        std::string_view name;
        Section section;
        void (Reader::*read)(const Piece& value);  ///< null: wg-quick's, not done
        std::string_view hint;                     ///< for a bad value, or instead of it
        bool repeats = false;
    };
    static const std::array<Key, 17> kKeys;

    void read_line(const Piece& line);
    void begin_section(const Piece& header);
    void read_key(const Piece& name, const Piece& value);
    void complain_of_key(const Piece& name);
    void end_peer();

    void read_private_key(const Piece& value);
    void read_listen_port(const Piece& value);
    void read_fwmark(const Piece& value);
    void read_addresses(const Piece& value);
    void read_mtu(const Piece& value);
    void read_public_key(const Piece& value);
    void read_preshared_key(const Piece& value);
    void read_allowed_ips(const Piece& value);
    void read_endpoint(const Piece& value);
    void read_keepalive(const Piece& value);

    template <typename Visit>
    void for_each_element(const Piece& list, const Visit& visit);
    [[nodiscard]] WgConfPeer& peer() { return conf_.peers.back(); }
    void error(const Mark& mark, std::string message, std::string_view hint = {}) {
        report(problems_, {mark, std::move(message), std::string(hint), Severity::error});
    }
    void warn(const Mark& mark, std::string message, std::string_view hint = {}) {
        report(problems_, {mark, std::move(message), std::string(hint), Severity::warning});
    }
    void refuse(const Piece& value, std::string_view what) {
        error(value.mark, fmt::format("{} is no {}", shown(value.text), what), key_->hint);
    }

    WgConf conf_;
    std::vector<policy::Problem> problems_;
    Section section_ = Section::none;
    const Key* key_ = nullptr;      ///< the one that is being read
    std::vector<const Key*> seen_;  ///< in this section
    std::unordered_map<crypto::PublicKey, std::uint32_t, crypto::PublicKeyHash> lines_;
};

constexpr std::string_view kRunsNothing = "Tollgate runs no commands of a configuration file";
constexpr std::string_view kKeyHint = "a key is 44 characters of base64, as 'wg genkey' prints it";

const std::array<Reader::Key, 17> Reader::kKeys{{
    {"PrivateKey", Section::interface, &Reader::read_private_key, kKeyHint},
    {"ListenPort", Section::interface, &Reader::read_listen_port, "write 0 to 65535"},
    {"FwMark", Section::interface, &Reader::read_fwmark, "write a number, 0x… or off"},
    {"Address", Section::interface, &Reader::read_addresses, "write ADDRESS/LENGTH", true},
    {"MTU", Section::interface, &Reader::read_mtu, "write 576 to 65535"},
    {"DNS", Section::interface, nullptr, "set the resolver where the system does", true},
    {"Table", Section::interface, nullptr, "set routes where the system does"},
    {"PreUp", Section::interface, nullptr, kRunsNothing, true},
    {"PostUp", Section::interface, nullptr, kRunsNothing, true},
    {"PreDown", Section::interface, nullptr, kRunsNothing, true},
    {"PostDown", Section::interface, nullptr, kRunsNothing, true},
    {"SaveConfig", Section::interface, nullptr, "Tollgate does not write to this file"},
    {"PublicKey", Section::peer, &Reader::read_public_key, kKeyHint},
    {"PresharedKey", Section::peer, &Reader::read_preshared_key, kKeyHint},
    {"AllowedIPs", Section::peer, &Reader::read_allowed_ips, "write ADDRESS/LENGTH, …", true},
    {"Endpoint", Section::peer, &Reader::read_endpoint, "write HOST:PORT or [IPV6]:PORT"},
    {"PersistentKeepalive", Section::peer, &Reader::read_keepalive, "write 0 to 65535, or off"},
}};

void Reader::read(std::string_view text) {
    if (text.size() > kWgConfBytesMax) {
        error({}, fmt::format("the file is larger than {} MiB", kWgConfBytesMax >> 20U));
        return;
    }
    for (std::uint32_t number = 1; !text.empty(); ++number) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        read_line(Piece{line.substr(0, line.find('#')), {number, 1}}.trimmed());
    }
    end_peer();
}

WgConfReading Reader::finish() {
    WgConfReading reading{std::nullopt, std::move(problems_)};
    if (!policy::has_errors(reading.problems)) {
        reading.conf = std::move(conf_);
    }
    return reading;
}

void Reader::read_line(const Piece& line) {
    if (line.text.empty()) {
        return;
    }
    if (line.text.front() == '[') {
        begin_section(line);
        return;
    }
    const std::size_t equals = line.text.find('=');
    if (equals == std::string_view::npos) {
        error(line.mark, "this line is neither a [Section] nor KEY = VALUE");
        return;
    }
    read_key(line.part(0, equals).trimmed(), line.part(equals + 1).trimmed());
}

void Reader::begin_section(const Piece& header) {
    end_peer();
    seen_.clear();
    if (same_word(header.text, "[Interface]")) {
        section_ = Section::interface;
    } else if (same_word(header.text, "[Peer]")) {
        section_ = Section::peer;
        conf_.peers.emplace_back().mark = header.mark;
    } else {
        section_ = Section::unknown;
        error(header.mark, "unknown section", "there are [Interface] and [Peer]");
    }
}

void Reader::end_peer() {
    if (section_ == Section::peer && peer().public_key.is_zero() &&
        std::none_of(seen_.begin(), seen_.end(), [](const Key* key) {
            return key->read == &Reader::read_public_key;
        })) {
        error(peer().mark, "this peer has no PublicKey");
    }
}

void Reader::read_key(const Piece& name, const Piece& value) {
    const auto found = std::find_if(kKeys.begin(), kKeys.end(), [&](const Key& key) {
        return same_word(key.name, name.text) &&
               (key.section == section_ || section_ == Section::unknown);
    });
    if (found == kKeys.end()) {
        complain_of_key(name);
        return;
    }
    if (section_ == Section::unknown) {
        return;
    }
    key_ = &*found;
    const bool seen = std::find(seen_.begin(), seen_.end(), key_) != seen_.end();
    if (!seen) {
        seen_.push_back(key_);
    } else if (!key_->repeats) {
        warn(name.mark, fmt::format("{} is set again; the last one counts", key_->name));
    }
    if (key_->read == nullptr) {
        warn(name.mark, fmt::format("{} is left out", key_->name), key_->hint);
        return;
    }
    (this->*key_->read)(value);
}

void Reader::complain_of_key(const Piece& name) {
    if (!is_plain_word(name.text)) {
        error(name.mark, "this line does not begin with a key");
        return;
    }
    const auto elsewhere = std::find_if(
        kKeys.begin(), kKeys.end(), [&](const Key& key) { return same_word(key.name, name.text); });
    if (elsewhere != kKeys.end()) {
        const bool in_peer = elsewhere->section == Section::peer;
        error(name.mark,
              fmt::format("{} does not belong here", elsewhere->name),
              in_peer ? "move it below a [Peer]" : "move it below [Interface]");
        return;
    }
    std::vector<std::string_view> candidates;
    for (const Key& key : kKeys) {
        if (key.section == section_) {
            candidates.push_back(key.name);
        }
    }
    error(name.mark,
          fmt::format("unknown key {}", policy::in_quotes(name.text)),
          policy::did_you_mean(name.text, candidates));
}

void Reader::read_private_key(const Piece& value) {
    conf_.private_key = crypto::decode_base64(value.text);
    if (!conf_.private_key) {
        error(value.mark, "PrivateKey is no key", key_->hint);
    }
}

void Reader::read_preshared_key(const Piece& value) {
    peer().preshared_key = crypto::decode_base64(value.text);
    if (!peer().preshared_key) {
        error(value.mark, "PresharedKey is no key", key_->hint);
    }
}

// Not quoted: people mistake their private key for it.
void Reader::read_public_key(const Piece& value) {
    const auto key = crypto::PublicKey::parse_base64(value.text);
    if (!key || !key->is_sound()) {
        error(value.mark, "PublicKey is no key that a peer can have", key_->hint);
        return;
    }
    peer().public_key = *key;
    const auto [first, is_new] = lines_.emplace(*key, value.mark.line);
    if (!is_new) {
        error(value.mark,
              fmt::format("the peer {} is in line {} already", key->to_short(), first->second),
              "write one section for each peer");
    }
}

void Reader::read_listen_port(const Piece& value) {
    const auto port = parse_number(value.text, UINT16_MAX);
    if (!port) {
        refuse(value, "port");
        return;
    }
    conf_.listen_port = static_cast<std::uint16_t>(*port);
}

void Reader::read_fwmark(const Piece& value) {
    const auto mark = same_word(value.text, "off") ? 0 : parse_mark(value.text);
    if (!mark) {
        refuse(value, "mark");
        return;
    }
    conf_.fwmark = mark;
}

void Reader::read_mtu(const Piece& value) {
    const auto mtu = parse_number(value.text, kMtuMax);
    if (!mtu || *mtu < kMtuMin) {
        refuse(value, "MTU");
        return;
    }
    conf_.mtu = mtu;
}

void Reader::read_keepalive(const Piece& value) {
    const auto seconds = same_word(value.text, "off") ? 0 : parse_number(value.text, UINT16_MAX);
    if (!seconds) {
        refuse(value, "number of seconds");
        return;
    }
    peer().persistent_keepalive = static_cast<std::uint16_t>(*seconds);
}

void Reader::read_endpoint(const Piece& value) {
    peer().endpoint = HostPort::parse(value.text);
    if (!peer().endpoint) {
        refuse(value, "endpoint");
    }
}

// An empty list has no elements; an empty element is one.
template <typename Visit>
void Reader::for_each_element(const Piece& list, const Visit& visit) {
    for (std::size_t from = 0; !list.text.empty() && from <= list.text.size();) {
        const std::size_t comma = std::min(list.text.find(',', from), list.text.size());
        visit(list.part(from, comma - from).trimmed());
        from = comma + 1;
    }
}

void Reader::read_addresses(const Piece& value) {
    for_each_element(value, [this](const Piece& element) {
        const auto address = IpAddress::parse(element.text.substr(0, element.text.find('/')));
        const auto network = parse_allowed_ip(element.text);
        if (!address || !network) {
            refuse(element, "address");
            return;
        }
        conf_.addresses.push_back({*address, *network});
    });
}

void Reader::read_allowed_ips(const Piece& value) {
    for_each_element(value, [this](const Piece& element) {
        const auto prefix = parse_allowed_ip(element.text);
        if (!prefix) {
            refuse(element, "prefix");
            return;
        }
        peer().allowed_ips.push_back(*prefix);
    });
}

}  // namespace

WgConfReading read_wg_conf(std::string_view text) {
    Reader reader;
    reader.read(text);
    return reader.finish();
}

}  // namespace tollgate::agent
