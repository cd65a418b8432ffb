"""The part of the catalogue about photos: what is wrong with one, and what to do about it."""

from app.web.field_messages import Text

PHOTO_PROBLEMS: dict[str, Text] = {
    "photo.not-found": Text("没有这张照片", "There is no such photo"),
    "photo.id-reused": Text(
        "该编号已用于另一张照片",
        "This id belongs to another photo",
        "请为这张照片换用新编号。",
        "Give this photo a new id.",
    ),
    "photo.too-many-open": Text(
        "待上传的照片过多",
        "Too many photos are announced and not stored",
        "请先完成已登记照片的上传。",
        "Finish the uploads that are under way.",
    ),
    "photo.too-many-on-device": Text(
        "本机待上传的照片过多",
        "Too many photos of this device are announced and not stored",
        "请先完成已登记照片的上传。",
        "Finish the uploads that are under way.",
    ),
    "photo.not-stored": Text(
        "照片尚未入库",
        "The photo is not stored yet",
        "请稍后再取。",
        "Ask again later.",
    ),
    "photo.receipt-not-due": Text(
        "回执尚未签发",
        "There is no receipt yet",
        "原件再次核对无误后签发，请保留手机上的照片，稍后再取。",
        "It is signed once the photo was read a second time; keep yours and ask again later.",
    ),
    "photo.deleted": Text(
        "照片已到保存期限并删除",
        "The photo was deleted as due",
        "登记信息与摘要仍保留。",
        "Its record and its digest remain.",
    ),
    "photo-hold.not-found": Text("没有这条保全记录", "There is no such hold"),
    "photo-hold.nothing": Text(
        "没有可保全的照片",
        "There are no photos to hold",
        "请核对所指的检查、问题或轮次。",
        "Check the visit, the entry or the round.",
    ),
    "retention-class.not-found": Text("没有这个保存期限", "There is no such retention class"),
    "retention-class.exists": Text(
        "该代码的保存期限已存在",
        "There is a retention class of this code",
        "请换用其他代码，或调整已有的。",
        "Take another code, or change the one that is there.",
    ),
    "retention-class.scope-taken": Text(
        "该活动与类别已有保存期限",
        "Campaign and category have a retention class already",
        "请调整已有的。",
        "Change the one that is there.",
    ),
    "photo.lost": Text(
        "存储丢失了这张照片",
        "The store has lost this photo",
        "如手机上还有原件，请用同一编号重新登记并上传。",
        "Announce it again under the same id and upload it, if the original is still at hand.",
    ),
    "photo.size-mismatch": Text(
        "上传的字节数与登记的不符",
        "Other size than announced",
        "请重新拍摄或重新登记。",
        "Announce the photo again under a new id.",
    ),
    "photo.digest-mismatch": Text(
        "上传的内容与登记的摘要不符",
        "Other bytes than announced",
        "请重新登记并上传。",
        "Announce the photo again under a new id.",
    ),
    "photo.empty": Text(
        "上传的文件是空的",
        "The upload holds no bytes",
        "请换新编号重新登记并上传。",
        "Announce the photo again under a new id.",
    ),
    "photo.swapped": Text(
        "校验之后文件被替换",
        "The upload was replaced after it had been checked",
        "请换新编号重新登记并上传。",
        "Announce the photo again under a new id.",
    ),
    "photo.unsupported-type": Text(
        "不是可接收的照片格式",
        "This is no kind of photo that is taken",
        "请使用 JPEG、PNG、WebP 或 HEIC。",
        "Send JPEG, PNG, WebP or HEIC.",
    ),
    "photo.truncated": Text(
        "照片文件不完整",
        "The photo ends too early",
        "文件后部缺失，请重新拍摄。",
        "Its last part is missing; take it again.",
    ),
    "photo.animated": Text(
        "不接收动图",
        "Animated pictures are not taken",
        "请换新编号上传单张静态照片。",
        "Send one still picture under a new id.",
    ),
    "photo.too-heavy": Text(
        "解码该照片所需的内存或时间超出限度",
        "Decoding the photo takes more memory or time than allowed",
        "请另存为普通 JPEG 后换新编号上传。",
        "Save it as an ordinary JPEG and send it under a new id.",
    ),
    "photo.undecodable": Text(
        "照片无法完整解码",
        "The photo cannot be decoded whole",
        "照片可能已损坏，请重新拍摄。",
        "It is probably damaged; take it again.",
    ),
    "photo.type-mismatch": Text(
        "照片格式与登记的不符",
        "The format is not the announced one",
        "请按真实格式重新登记。",
        "Announce it again with its true type.",
    ),
    "photo.too-many-pixels": Text(
        "照片像素过大",
        "The photo has too many pixels",
        "请缩小后换新编号重新上传。",
        "Make it smaller and send it under a new id.",
    ),
}
