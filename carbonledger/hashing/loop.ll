; SHA-256(prefix || message) of n messages that lie one behind the other; ends[i] is where message i ends.
; openssl: the addresses of SHA256_Init, SHA256_Update and SHA256_Final
; state: SHA256_CTX has 112 bytes in OpenSSL 1.1 and 3 (openssl/sha.h), and may grow
define void @each(ptr %openssl, ptr %prefix, i64 %prefixed, ptr %messages, ptr %ends, i64 %n, ptr %digests)
    section ".text.each" {
  %init = load ptr, ptr %openssl
  %updates = getelementptr ptr, ptr %openssl, i64 1
  %update = load ptr, ptr %updates
  %finals = getelementptr ptr, ptr %openssl, i64 2
  %final = load ptr, ptr %finals
  %state = alloca [256 x i8], align 16
  %any = icmp ugt i64 %n, 0
  br i1 %any, label %next, label %done
next:
  %i = phi i64 [0, %0], [%following, %next]
  %begin = phi i64 [0, %0], [%end, %next]
  %at = getelementptr i64, ptr %ends, i64 %i
  %end = load i64, ptr %at
  %size = sub i64 %end, %begin
  %message = getelementptr i8, ptr %messages, i64 %begin
  %digest = getelementptr [32 x i8], ptr %digests, i64 %i
  call i32 %init(ptr %state)
  call i32 %update(ptr %state, ptr %prefix, i64 %prefixed)
  call i32 %update(ptr %state, ptr %message, i64 %size)
  call i32 %final(ptr %digest, ptr %state)
  %following = add i64 %i, 1
  %more = icmp ult i64 %following, %n
  br i1 %more, label %next, label %done
done:
  ret void
}

; SHA-256(prefix || node || node) for n pairs of places in nodes; the results lie from place `known` on
define void @join(ptr %openssl, ptr %prefix, i64 %prefixed, ptr %nodes, ptr %pairs, i64 %n, i64 %known)
    section ".text.join" {
  %init = load ptr, ptr %openssl
  %updates = getelementptr ptr, ptr %openssl, i64 1
  %update = load ptr, ptr %updates
  %finals = getelementptr ptr, ptr %openssl, i64 2
  %final = load ptr, ptr %finals
  %state = alloca [256 x i8], align 16
  %any = icmp ugt i64 %n, 0
  br i1 %any, label %next, label %done
next:
  %i = phi i64 [0, %0], [%following, %next]
  %pair = getelementptr [2 x i32], ptr %pairs, i64 %i
  %second = getelementptr i32, ptr %pair, i64 1
  %l = load i32, ptr %pair
  %r = load i32, ptr %second
  %l64 = zext i32 %l to i64
  %r64 = zext i32 %r to i64
  %left = getelementptr [32 x i8], ptr %nodes, i64 %l64
  %right = getelementptr [32 x i8], ptr %nodes, i64 %r64
  %place = add i64 %known, %i
  %parent = getelementptr [32 x i8], ptr %nodes, i64 %place
  call i32 %init(ptr %state)
  call i32 %update(ptr %state, ptr %prefix, i64 %prefixed)
  call i32 %update(ptr %state, ptr %left, i64 32)
  call i32 %update(ptr %state, ptr %right, i64 32)
  call i32 %final(ptr %parent, ptr %state)
  %following = add i64 %i, 1
  %more = icmp ult i64 %following, %n
  br i1 %more, label %next, label %done
done:
  ret void
}
