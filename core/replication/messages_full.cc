// Messages of full syncs, and the last one of a connection.
#include "core/base/varint.h"
#include "core/replication/facts_codec.h"
#include "core/replication/framing.h"
#include "core/replication/messages.h"

namespace synap::replication {

namespace {

Error malformed(const char* what) {
    return {Code::kCorrupt, std::string("a malformed message: ") + what};
}

}  // namespace

void put_message(std::string& out, const FullRequest& request) {
    std::string body;
    put(body, request.complete_at);
    put(body, request.checksum);
    put(body, request.offset);
    put_message(out, MessageType::kFullRequest, body);
}

Result<FullRequest> FullRequest::decode(std::string_view body) {
    ByteReader in(body);
    FullRequest request;
    if (!in.take(request.complete_at) || !in.take(request.checksum) || !in.take(request.offset)) {
        return malformed("request of a full sync");
    }
    return request;
}

void put_message(std::string& out, const FullOffer& offer) {
    std::string body;
    put(body, offer.size);
    put(body, offer.from);
    put(body, offer.complete_at);
    put(body, offer.checksum);
    put(body, offer.offset);
    put_text(body, offer.name, kNameBytes);
    put_message(out, MessageType::kFullOffer, body);
}

Result<FullOffer> FullOffer::decode(std::string_view body) {
    ByteReader in(body);
    FullOffer offer;
    if (!in.take(offer.size) || !in.take(offer.from) || !in.take(offer.complete_at) ||
        !in.take(offer.checksum) || !in.take(offer.offset) || !in.take_string(offer.name) ||
        offer.name.size() > kNameBytes || offer.offset > offer.size ||
        offer.from > offer.complete_at) {
        return malformed("offer of a full sync");
    }
    return offer;
}

void put_chunk_head(std::string& out, const Chunk& chunk) {
    std::string head;
    put(head, chunk.offset);
    put(head, chunk.raw_size);
    put(head, static_cast<uint8_t>(chunk.codec));
    put_split_message(out, MessageType::kChunk, head, chunk.bytes, chunk.bytes.size());
}

void put_message(std::string& out, const Chunk& chunk) {
    put_chunk_head(out, chunk);
    out.append(chunk.bytes);
}

Result<Chunk> Chunk::decode(std::string_view body) {
    ByteReader in(body);
    Chunk chunk;
    uint8_t codec = 0;
    if (!in.take(chunk.offset) || !in.take(chunk.raw_size) || !in.take(codec) ||
        !in.take_bytes(in.remaining(), chunk.bytes) ||
        codec > static_cast<uint8_t>(ChunkCodec::kZstd) || chunk.raw_size > kChunkRawBytes ||
        chunk.bytes.size() > kChunkBytes || chunk.offset + chunk.raw_size < chunk.offset) {
        return malformed("chunk of a snapshot");
    }
    chunk.codec = static_cast<ChunkCodec>(codec);
    if (chunk.codec == ChunkCodec::kRaw && chunk.bytes.size() != chunk.raw_size) {
        return malformed("chunk of a snapshot");
    }
    return chunk;
}

void put_message(std::string& out, const FullEnd& end) {
    std::string body;
    put(body, end.size);
    put(body, end.checksum);
    put_message(out, MessageType::kFullEnd, body);
}

Result<FullEnd> FullEnd::decode(std::string_view body) {
    ByteReader in(body);
    FullEnd end;
    if (!in.take(end.size) || !in.take(end.checksum)) return malformed("end of a full sync");
    return end;
}

void put_message(std::string& out, const Goodbye& goodbye) {
    std::string body;
    put(body, static_cast<uint16_t>(goodbye.why));
    put(body, goodbye.retry_ms);
    put_text(body, goodbye.reason, kSentenceBytes);
    put_text(body, goodbye.remedy, kSentenceBytes);
    put_message(out, MessageType::kGoodbye, body);
}

Result<Goodbye> Goodbye::decode(std::string_view body) {
    ByteReader in(body);
    Goodbye goodbye;
    uint16_t why = 0;
    if (!in.take(why) || !in.take(goodbye.retry_ms) ||
        !take_text(in, goodbye.reason, kSentenceBytes) ||
        !take_text(in, goodbye.remedy, kSentenceBytes)) {
        return malformed("goodbye");
    }
    goodbye.why = static_cast<Why>(why);
    return goodbye;
}

}  // namespace synap::replication
