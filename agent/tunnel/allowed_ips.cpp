// SPDX-License-Identifier: MIT
#include "agent/tunnel/allowed_ips.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

namespace tollgate::agent {
namespace {

constexpr std::uint8_t kMappedBits = 96;
constexpr std::uint8_t kAllBits = 128;

std::uint64_t big_endian(const std::uint8_t* bytes, std::size_t count) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < count; ++i) {
        word = word << 8U | bytes[i];
    }
    return word;
}

std::array<std::uint64_t, 2> key_of(const IpAddress& address) {
    const std::uint8_t* bytes = address.bytes.data();
    if (address.is_ipv4()) {
        return {big_endian(bytes + 12, 4) << 32U, 0};
    }
    return {big_endian(bytes, 8), big_endian(bytes + 8, 8)};
}

// The first `length` bits, the rest zero.
std::array<std::uint64_t, 2> masked(std::array<std::uint64_t, 2> key, std::uint8_t length) {
    for (std::size_t i = 0; i < key.size(); ++i) {
        const int bits = std::clamp(length - static_cast<int>(64 * i), 0, 64);
        key[i] &= bits == 0 ? 0 : ~std::uint64_t{0} << static_cast<unsigned>(64 - bits);
    }
    return key;
}

}  // namespace

AllowedIps::Path AllowedIps::path_of(const Prefix& prefix) {
    const bool is_ipv4 = prefix.address.is_ipv4();
    const int length = prefix.length - (is_ipv4 ? kMappedBits : 0);
    return {key_of(prefix.address), static_cast<std::uint8_t>(length), is_ipv4};
}

Prefix AllowedIps::prefix_of(const Node& node) {
    IpAddress address;
    for (std::size_t i = 0; i < address.bytes.size(); ++i) {
        address.bytes[i] = static_cast<std::uint8_t>(node.key[i / 8] >> (56 - 8 * (i % 8)));
    }
    if (!node.is_ipv4) {
        return {address, node.length};
    }
    std::copy_n(address.bytes.begin(), 4, address.bytes.begin() + 12);
    std::fill_n(address.bytes.begin(), 10, std::uint8_t{0});
    std::fill_n(address.bytes.begin() + 10, 2, std::uint8_t{0xff});
    return {address, static_cast<std::uint8_t>(node.length + kMappedBits)};
}

std::size_t AllowedIps::bit(const Key& key, std::uint8_t position) {
    return static_cast<std::size_t>(key[position / 64U] >> (63U - position % 64U) & 1U);
}

unsigned AllowedIps::common_bits(const Key& a, const Key& b) {
    const int first = std::countl_zero(a[0] ^ b[0]);
    return static_cast<unsigned>(first < 64 ? first : 64 + std::countl_zero(a[1] ^ b[1]));
}

std::optional<AllowedIps::Owner> AllowedIps::find(const IpAddress& address) const noexcept {
    const Key key = key_of(address);
    Owner best = kNobody;
    Index at = roots_[address.is_ipv4() ? 1 : 0];
    while (at != kNone) {
        const Node& node = nodes_[at];
        if (common_bits(node.key, key) < node.length) {
            break;
        }
        best = node.owner != kNobody ? node.owner : best;
        at = node.length < kAllBits ? node.children[bit(key, node.length)] : kNone;
    }
    return best == kNobody ? std::nullopt : std::optional{best};
}

// The first node, from the root on, that is not a shorter prefix of `path`.
AllowedIps::Place AllowedIps::descend(const Path& path) {
    Place place{&roots_[path.is_ipv4 ? 1 : 0], nullptr};
    while (*place.link != kNone) {
        Node& node = nodes_[*place.link];
        if (node.length >= path.length || common_bits(node.key, path.key) < node.length) {
            break;
        }
        place = {&node.children[bit(path.key, node.length)], place.link};
    }
    return place;
}

bool AllowedIps::is_at(Index index, const Path& path) const {
    return index != kNone && nodes_[index].length == path.length && nodes_[index].key == path.key;
}

bool AllowedIps::insert(const Prefix& prefix, Owner owner) {
    assert(owner != kNobody);
    reserve_two();  // links are pointers into nodes_
    const Path path = path_of(prefix);
    Index& link = *descend(path).link;
    const bool exists = is_at(link, path);
    const Owner before = exists ? nodes_[link].owner : kNobody;
    if (before == owner) {
        return true;
    }
    if (before == kNobody && size_ >= limit_) {
        return false;
    }
    if (before != kNobody) {
        unchain(link);
    }
    chain(exists ? link : hang(link, path), owner);
    return true;
}

// Hangs a new node for `path` into `link`: above what is there, or beside it under a fork.
AllowedIps::Index AllowedIps::hang(Index& link, const Path& path) {
    const Index fresh = take_node(path.key, path.length, path.is_ipv4);
    const Index there = link;
    if (there == kNone) {
        link = fresh;
        return fresh;
    }
    const Key& other = nodes_[there].key;
    const auto shared =
        static_cast<std::uint8_t>(std::min<unsigned>(common_bits(other, path.key), path.length));
    const bool above = shared == path.length;
    const Index top = above ? fresh : take_node(masked(path.key, shared), shared, path.is_ipv4);
    nodes_[top].children[bit(other, shared)] = there;
    if (!above) {
        nodes_[top].children[bit(path.key, shared)] = fresh;
    }
    link = top;
    return fresh;
}

bool AllowedIps::remove(const Prefix& prefix, Owner owner) {
    const Path path = path_of(prefix);
    const Place place = descend(path);
    if (owner == kNobody || !is_at(*place.link, path) || nodes_[*place.link].owner != owner) {
        return false;
    }
    unchain(*place.link);
    prune(place);
    return true;
}

std::optional<AllowedIps::Owner> AllowedIps::owner_of(const Prefix& prefix) {
    const Path path = path_of(prefix);
    const Index at = *descend(path).link;
    const bool is_owned = is_at(at, path) && nodes_[at].owner != kNobody;
    return is_owned ? std::optional{nodes_[at].owner} : std::nullopt;
}

// Takes out a node that has lost its owner, and the fork above it if that has one child left.
void AllowedIps::prune(const Place& place) {
    const Index index = *place.link;
    const auto [left, right] = nodes_[index].children;
    if (left != kNone && right != kNone) {
        return;
    }
    *place.link = left != kNone ? left : right;
    give_back(index);
    if (*place.link != kNone || place.parent == nullptr || nodes_[*place.parent].owner != kNobody) {
        return;
    }
    const Index fork = *place.parent;
    const auto [one, other] = nodes_[fork].children;
    *place.parent = one != kNone ? one : other;
    give_back(fork);
}

void AllowedIps::remove_all(Owner owner) {
    for (auto found = chains_.find(owner); found != chains_.end(); found = chains_.find(owner)) {
        remove(prefix_of(nodes_[found->second.first]), owner);
    }
}

void AllowedIps::for_each(Owner owner, const std::function<void(const Prefix&)>& visit) const {
    const auto found = chains_.find(owner);
    if (found == chains_.end()) {
        return;
    }
    for (Index at = found->second.first; at != kNone; at = nodes_[at].next) {
        visit(prefix_of(nodes_[at]));
    }
}

std::size_t AllowedIps::count(Owner owner) const {
    const auto found = chains_.find(owner);
    return found == chains_.end() ? 0 : found->second.count;
}

void AllowedIps::reserve_two() {
    while (free_ == kNone || nodes_[free_].next == kNone) {
        const auto fresh = static_cast<Index>(nodes_.size());
        nodes_.emplace_back();
        give_back(fresh);
    }
}

AllowedIps::Index AllowedIps::take_node(const Key& key, std::uint8_t length, bool is_ipv4) {
    const Index index = free_;
    free_ = nodes_[index].next;
    nodes_[index] = Node{};
    nodes_[index].key = key;
    nodes_[index].length = length;
    nodes_[index].is_ipv4 = is_ipv4;
    return index;
}

void AllowedIps::give_back(Index index) {
    nodes_[index] = Node{};
    nodes_[index].next = free_;
    free_ = index;
}

void AllowedIps::chain(Index index, Owner owner) {
    Chain& list = chains_[owner];
    Node& node = nodes_[index];
    node.owner = owner;
    node.previous = list.last;
    node.next = kNone;
    (list.last != kNone ? nodes_[list.last].next : list.first) = index;
    list.last = index;
    ++list.count;
    ++size_;
}

void AllowedIps::unchain(Index index) {
    Node& node = nodes_[index];
    const auto found = chains_.find(node.owner);
    Chain& list = found->second;
    (node.previous != kNone ? nodes_[node.previous].next : list.first) = node.next;
    (node.next != kNone ? nodes_[node.next].previous : list.last) = node.previous;
    node.owner = kNobody;
    --size_;
    if (--list.count == 0) {
        chains_.erase(found);
    }
}

}  // namespace tollgate::agent
