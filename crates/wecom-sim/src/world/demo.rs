//! A pleasant little company.

use super::{
    App, Corp, Department, LinkedVisitor, Member, NonMember, SensitiveField, Visible, World,
};

impl World {
    /// The corp id of [`World::demo`].
    pub const DEMO_CORP: &'static str = "ww6f1c2a9d4e8b7035";
    /// The agentid of the app of [`World::demo`].
    pub const DEMO_AGENTID: i64 = 1_000_002;
    /// The secret of the app of [`World::demo`].
    pub const DEMO_SECRET: &'static str = "demo-app-secret-3kQ9xV7mT2rL8pZ5wB1c";

    /// 示例科技: five members, each with a mobile number and both kinds of mail address, of whom
    /// 孙悦 is outside the app's visible range, a visitor who is no member and one of a linked
    /// corp. The app has no domains yet: set them through the control.
    pub fn demo() -> Self {
        let mut corp = Corp::new(Self::DEMO_CORP, "示例科技");
        // Twenty wrong look-ups a day. By its five members it would be one: whoever mistypes two
        // numbers would be blocked.
        corp.size = Some(100);
        corp.departments =
            [(1, "示例科技", 0), (2, "研发部", 1), (3, "市场部", 1), (4, "外部顾问", 1)]
                .into_iter()
                .map(|(id, name, parentid)| Department { id, name: name.to_owned(), parentid })
                .collect();
        corp.apps = vec![App {
            visible: Visible { departments: vec![2, 3], ..Visible::default() },
            sensitive_fields: SensitiveField::ALL.to_vec(),
            ..App::new(Self::DEMO_AGENTID, Self::DEMO_SECRET, "统一登录")
        }];
        corp.members = vec![
            member("zhangsan", "张三", "Sam", ("研发部经理", 1, 2), "13800000001"),
            member("lisi", "李四", "Lily", ("软件工程师", 2, 2), "13800000002"),
            member("wangwu", "王五", "Woody", ("测试工程师", 1, 2), "13800000003"),
            member("zhaomin", "赵敏", "Min", ("市场专员", 2, 3), "13800000004"),
            member("sunyue", "孙悦", "Yue", ("顾问", 2, 4), "13800000005"),
        ];
        corp.non_members = vec![NonMember {
            openid: "oDemo0Visitor0000000000000001".to_owned(),
            external_userid: None,
        }];
        corp.linked_visitors = vec![LinkedVisitor {
            corp_id: "ww00partner00000001".to_owned(),
            userid: "partner.chen".to_owned(),
        }];
        Self { corps: vec![corp], ..Self::default() }
    }
}

fn member(userid: &str, name: &str, alias: &str, job: (&str, u8, u32), mobile: &str) -> Member {
    let (position, gender, department) = job;
    Member {
        alias: alias.to_owned(),
        position: position.to_owned(),
        mobile: Some(mobile.to_owned()),
        email: Some(format!("{userid}@mail.example")),
        biz_mail: Some(format!("{userid}@shili.example")),
        address: Some("深圳市示例路 1 号".to_owned()),
        gender,
        department: vec![department],
        ..Member::new(userid, name)
    }
}
